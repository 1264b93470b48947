/// What may stand in place of the end of the text before the cursor.
public struct Completion: Equatable, Sendable {
    /// One of the choices.
    public struct Candidate: Equatable, Sendable {
        /// What is inserted.
        public let text: String
        /// What a list of choices shows.
        public let label: String

        /// A choice; its label is its text without spaces around it, unless another one is given.
        public init(_ text: String, label: String? = nil) {
            self.text = text
            self.label = label ?? String(text.drop { $0 == " " }.prefix { $0 != " " })
        }
    }

    /// How many characters before the cursor are replaced.
    public let replaced: Int
    /// The choices, in the order in which they are shown; each begins with what it replaces.
    public let candidates: [Candidate]

    /// Choices for the end of a text.
    public init(replaced: Int, candidates: [Candidate]) {
        self.replaced = replaced
        self.candidates = candidates
    }

    /// What all choices begin with.
    var common: String {
        guard var prefix = candidates.first.map({ $0.text[...] }) else { return "" }
        for candidate in candidates.dropFirst() {
            while !candidate.text.hasPrefix(prefix) { prefix.removeLast() }
        }
        return String(prefix)
    }
}
