import CommandSupport

extension TypedFileName {
    /// The files and folders whose names begin as what has been typed of one, in the same way of typing; nil if its quote is closed.
    /// Hidden ones only if the name begins with a dot.
    static func completion(_ text: String) -> Completion? {
        let typed = beginning(text)
        guard !typed.isClosed else { return nil }
        let candidates = PathCompletion.items(typed.name).map { item in
            let end = item.isFolder ? "/" : typed.quote.map(String.init) ?? ""
            return Completion.Candidate(
                self.text(item.path, quote: typed.quote) + end, label: item.name + (item.isFolder ? "/" : ""))
        }
        return candidates.isEmpty ? nil : Completion(replaced: text.count, candidates: candidates)
    }

    /// A name as it is typed in a quote, or without one.
    private static func text(_ name: String, quote: Character?) -> String {
        var text = quote.map { String($0) } ?? ""
        for character in name {
            let isSpecial =
                switch quote {
                case nil: character == " " || character == "\\" || text.isEmpty && escapable.contains(character)
                case "'": false
                default: character == quote || character == "\\"
                }
            if isSpecial { text.append("\\") }
            text.append(character)
        }
        return text
    }
}
