/// The tokens that a tokenizer makes of bytes, by SentencePiece's BPE (Sennrich et al., arXiv:1508.07909): of neighbours that make a
/// piece together, the pair whose piece comes first in the vocabulary is merged, until there is none.
struct CanonicalTokens {
    private let vocabulary: VocabularyTrie
    private let role: @Sendable (UInt32) -> PieceRole
    private let bytes: [UInt8]
    /// Where each symbol begins; then the number of bytes.
    private var starts: [Int] = []
    /// For each symbol: the token of it and the next one together, `.max` if there is none.
    private var pairs: [UInt32] = []
    /// For each symbol: true if it merges with nothing.
    private var isWhole: [Bool] = []

    private init(_ bytes: [UInt8], _ vocabulary: VocabularyTrie, role: @escaping @Sendable (UInt32) -> PieceRole) {
        self.bytes = bytes
        self.vocabulary = vocabulary
        self.role = role
    }

    /// The tokens of a text; nil if the vocabulary has no piece for one of its bytes.
    static func of(
        _ bytes: [UInt8], _ vocabulary: VocabularyTrie, role: @escaping @Sendable (UInt32) -> PieceRole
    ) -> [UInt32]? {
        var canonical = CanonicalTokens(bytes, vocabulary, role: role)
        canonical.divide()
        canonical.merge()
        return canonical.tokens()
    }

    /// Into pieces that merge with nothing, and characters.
    private mutating func divide() {
        var first = 0
        while first < bytes.count {
            starts.append(first)
            let whole = vocabulary.longestPrefix(of: bytes[first...]) { role($0) == .whole }
            isWhole.append(whole > 0)
            first = whole > 0 ? first + whole : bytes[(first + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? bytes.count
        }
        starts.append(bytes.count)
        pairs = starts.dropLast().indices.map(pair)
    }

    private mutating func merge() {
        while let best = pairs.indices.min(by: { pairs[$0] < pairs[$1] }), pairs[best] != .max {
            starts.remove(at: best + 1)
            pairs.remove(at: best + 1)
            isWhole.remove(at: best + 1)
            pairs[best] = pair(best)
            if best > 0 { pairs[best - 1] = pair(best - 1) }
        }
    }

    private func pair(_ symbol: Int) -> UInt32 {
        guard symbol + 2 < starts.count, !isWhole[symbol], !isWhole[symbol + 1] else { return .max }
        return token(of: bytes[starts[symbol]..<starts[symbol + 2]]) { $0 == .merged } ?? .max
    }

    private func tokens() -> [UInt32]? {
        var tokens: [UInt32] = []
        for symbol in isWhole.indices {
            let part = bytes[starts[symbol]..<starts[symbol + 1]], isWhole = isWhole[symbol]
            if let token = token(of: part, where: { isWhole ? $0 == .whole : $0 == .merged }) {
                tokens.append(token)
                continue
            }
            for index in part.indices {
                guard let token = token(of: part[index...index], where: { $0 == .other }) else { return nil }
                tokens.append(token)
            }
        }
        return tokens
    }

    private func token(of part: ArraySlice<UInt8>, where isWanted: (PieceRole) -> Bool) -> UInt32? {
        vocabulary.tokens(of: part).first { isWanted(role($0)) }
    }
}
