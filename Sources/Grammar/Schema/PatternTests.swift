import System

/// Whether texts match regular expressions, each of which is read once.
final class PatternTests: Sendable {
    private let grammars = Guarded<[String: Grammar?]>([:])

    /// Whether a text matches; `make` gives the grammar of the texts that do, as they are written in JSON, or nil if there are none.
    func matches(_ regex: String, _ text: String, _ make: () throws(GrammarError) -> Grammar?) throws(GrammarError) -> Bool {
        let known = grammars.withLock { $0[regex] }
        let grammar: Grammar?
        if let known { grammar = known } else { grammar = try make() }
        grammars.withLock { $0[regex] = .some(grammar) }
        guard var matcher = grammar?.matcher() else { return false }
        return matcher.advance(JSONForm.text(text)) && matcher.isComplete
    }
}
