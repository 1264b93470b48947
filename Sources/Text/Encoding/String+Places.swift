extension String {
    /// Where `part`, which must not be empty, stands in the text, without overlaps; compared byte by byte, so that a combining
    /// character after it hides nothing.
    func places(of part: String) -> [Range<Index>] {
        let text = utf8, part = part.utf8
        var places: [Range<Index>] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].starts(with: part) {
                let end = text.index(index, offsetBy: part.count)
                places.append(index..<end)
                index = end
            } else {
                text.formIndex(after: &index)
            }
        }
        return places
    }
}
