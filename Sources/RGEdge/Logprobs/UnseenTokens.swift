/// Tokens of an answer of which nothing has been shown yet, to come with the piece that shows something of them.
///
/// Allocates nothing before the first token.
struct UnseenTokens {
    private var tokens: [AnswerToken] = []
    /// Where the text of each begins, in bytes from the start of the answer.
    private var starts: [Int] = []

    /// Keeps a token whose text begins at byte `start` of the answer, not before that of the last one.
    mutating func append(_ token: AnswerToken, start: Int) {
        tokens.append(token)
        starts.append(start)
    }

    /// Gives away those of which something has been shown, if that is `shown` bytes of the answer.
    mutating func take(shown: Int) -> [AnswerToken] {
        let count = starts.prefix { $0 < shown }.count
        guard count < tokens.count else { return takeAll() }
        defer {
            tokens.removeFirst(count)
            starts.removeFirst(count)
        }
        return Array(tokens[..<count])
    }

    /// Gives away all of them.
    mutating func takeAll() -> [AnswerToken] {
        defer {
            tokens = []
            starts.removeAll(keepingCapacity: true)
        }
        return tokens
    }
}
