import CXXHash

/// The hash of a sequence of tokens, which each token continues: what a session keeps of all its tokens, whose number has no limit.
///
/// Two sequences with the same hash may be taken for the same. One pass over a text gives the hash of each of its
/// beginnings, so that the longest one that a stored session has seen is found without storing any tokens
/// (`formats/rgs.md`, "The hash of the tokens").
package struct TokenHash: Hashable, Sendable {
    /// The hash so far: 0 for no tokens.
    package private(set) var hash: UInt64 = 0

    /// Of no tokens, or of some whose hash is known.
    package init(hash: UInt64 = 0) { self.hash = hash }

    /// Continues it by a token.
    package mutating func append(_ token: UInt32) {
        hash = withUnsafeBytes(of: token.littleEndian) { XXH3_64bits_withSeed($0.baseAddress, $0.count, hash) }
    }
}
