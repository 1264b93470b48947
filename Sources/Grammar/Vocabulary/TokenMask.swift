/// The tokens that may come next.
public final class TokenMask: Sendable {
    /// One bit per token, the first token's the lowest of the first word.
    public let words: [UInt64]
    /// How many may come.
    public let count: Int
    /// How many tokens there are, rounded up to 64.
    public var vocabularySize: Int { 64 * words.count }

    init(_ words: [UInt64]) {
        self.words = words
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Whether a token may come.
    public func allows(_ token: UInt32) -> Bool {
        let word = Int(token >> 6)
        return word < words.count && words[word] >> UInt64(token & 63) & 1 == 1
    }

    /// The token that must come; nil if several may, or none.
    public var only: UInt32? { count == 1 ? tokens.first : nil }

    /// The tokens that may come, in order.
    public var tokens: [UInt32] {
        var tokens: [UInt32] = []
        tokens.reserveCapacity(count)
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                tokens.append(UInt32(64 * index + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return tokens
    }
}
