/// Which pieces of a vocabulary texts use, and which of them only once.
public struct PieceUse: Sendable {
    /// By token: how often it was seen, 2 standing for more.
    private var counts: [UInt8]
    /// Tokens that were added.
    public private(set) var tokenCount = 0

    /// Nothing seen yet.
    public init(of tokenizer: Tokenizer) { counts = [UInt8](repeating: 0, count: tokenizer.vocabularySize) }

    /// Adds tokens of a text; those outside the vocabulary are left out.
    public mutating func add(_ tokens: some Sequence<UInt32>) {
        for token in tokens where Int(token) < counts.count {
            counts[Int(token)] = min(2, counts[Int(token)] + 1)
            tokenCount += 1
        }
    }

    /// True if the token was added.
    public func contains(_ token: UInt32) -> Bool { Int(token) < counts.count && counts[Int(token)] > 0 }

    /// How many of the next tokens of such texts will be ones that were not seen, as far as can be told from those that were seen
    /// once: their number over that of all (Good and Turing's estimate; doi:10.1093/biomet/40.3-4.237). 1 if there were none.
    public var unseenShare: Double { tokenCount == 0 ? 1 : Double(counts.count { $0 == 1 }) / Double(tokenCount) }
}
