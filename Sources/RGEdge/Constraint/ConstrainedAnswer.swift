import Grammar

/// Where in a constraint's grammar an answer is. A value: forks and snapshots have copies.
struct ConstrainedAnswer: Sendable {
    let constraint: Constraint
    private(set) var matcher: Matcher
    /// Tokens so far.
    private(set) var count = 0

    init(constraint: Constraint, matcher: Matcher) {
        self.constraint = constraint
        self.matcher = matcher
    }

    /// The tokens that may come next.
    var mask: TokenMask { constraint.masks.mask(for: matcher) }

    /// True where the answer must end.
    var mustEnd: Bool { matcher.mustEnd }

    /// True if no more tokens may come, although the answer can't end here: it has been given a token that may not come.
    var isDead: Bool { matcher.isDead }

    /// True for a token that ends the answer.
    func isEnd(_ token: UInt32) -> Bool { constraint.masks.vocabulary.ends.contains(token) }

    /// The next token of the answer has come.
    mutating func append(_ token: UInt32) {
        constraint.model.tokenizer.forEachByte(of: token) { matcher.advance($0) }
        count += 1
    }

    /// The same after another token.
    func after(_ token: UInt32) -> ConstrainedAnswer {
        var next = self
        next.append(token)
        return next
    }
}
