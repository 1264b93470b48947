import CommandSupport
import Files

extension TypedFileName {
    /// The files and folders whose names begin as what has been typed of one, in the same way of typing; nil if its quote is closed.
    /// Hidden ones only if the name begins with a dot.
    static func completion(_ text: String) -> Completion? {
        let typed = beginning(text)
        guard !typed.isClosed else { return nil }
        let slash = typed.name.lastIndex(of: "/").map { typed.name.index(after: $0) } ?? typed.name.startIndex
        let path = typed.name[..<slash], start = typed.name[slash...]
        guard let folder = Folder(existing: path.isEmpty ? "." : expanded(String(path))) else { return nil }
        let items = folder.items().filter { $0.name.hasPrefix(start) && ($0.name.hasPrefix(".") == start.hasPrefix(".")) }
        let candidates = items.sorted { $0.name < $1.name }.map { item in
            let end = item.isFolder ? "/" : typed.quote.map(String.init) ?? ""
            return Completion.Candidate(
                self.text(path + item.name, quote: typed.quote) + end, label: item.name + (item.isFolder ? "/" : ""))
        }
        return Completion(replaced: text.count, candidates: candidates)
    }

    /// A name as it is typed in a quote, or without one.
    private static func text(_ name: Substring, quote: Character?) -> String {
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
