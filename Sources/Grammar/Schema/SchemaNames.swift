import JSON

/// Looks at the names and strings of a schema before it is read.
enum SchemaNames {
    /// Throws for names that lead too deep, and for two spellings that Unicode takes for the same and JSON doesn't: Swift's strings
    /// compare as Unicode does, and would make one of them.
    static func check(_ root: JSONValue) throws(GrammarError) {
        var rest: [(value: JSONValue, pathBytes: Int)] = [(root, 0)], spellings: Set<String> = []
        func note(_ text: String) throws(GrammarError) {
            // Letters of ASCII have one spelling.
            guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return }
            let (isNew, known) = spellings.insert(text)
            guard isNew || known.utf8.elementsEqual(text.utf8) else {
                throw GrammarError(.whole, "has two spellings of \"\(text)\", with other code points", advice: "use one of them")
            }
        }
        while let (value, pathBytes) = rest.popLast() {
            guard pathBytes <= Limits.pathBytes else {
                throw GrammarError(
                    .whole, "has names within each other that have more than \(Limits.pathBytes) bytes", advice: "use shorter ones")
            }
            switch value {
            case .string(let text): try note(text)
            case .array(let elements): rest += elements.map { ($0, pathBytes + 4) }
            case .object(let object):
                for member in object.members {
                    try note(member.key)
                    rest.append((member.value, pathBytes + member.key.utf8.count + 1))
                }
            case .null, .bool, .integer, .real: break
            }
        }
    }
}
