extension StringProtocol {
    /// Whether a part of a text is `other`.
    func has(_ other: String) -> Bool { parts(separatedBy: other).count > 1 }

    /// The parts of a text before, between and after each `separator`, which is not empty. (The standard library's is in a module of
    /// its own, of regular expressions, which the C library does without.)
    func parts(separatedBy separator: String) -> [String] {
        let text = Array(utf8), separator = Array(separator.utf8)
        var parts: [String] = [], start = 0, index = 0
        while index + separator.count <= text.count {
            guard text[index..<index + separator.count].elementsEqual(separator) else {
                index += 1
                continue
            }
            parts.append(String(decoding: text[start..<index], as: UTF8.self))
            index += separator.count
            start = index
        }
        return parts + [String(decoding: text[start...], as: UTF8.self)]
    }
}
