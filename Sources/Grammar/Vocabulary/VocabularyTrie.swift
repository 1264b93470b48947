/// The pieces of a vocabulary as bytes, sorted so that a grammar can be asked about all of them at once. Made once, used by many
/// grammars and threads.
///
/// Pieces of *plain* characters (any but controls, `"` and `\`) are most of a vocabulary, and nearly all that may come inside a
/// string of JSON. They have a tree of their own, and sets by the number of their characters, so that where any plain character may
/// come none of them is looked at.
public final class VocabularyTrie: Sendable {
    /// Number of tokens.
    public let vocabularySize: Int
    /// Tokens that end a text: allowed where the grammar may end, and nowhere else.
    public let ends: [UInt32]

    /// Bytes of the longest piece that is looked at.
    let longest: Int

    let plain: TrieOrder
    let others: TrieOrder
    /// Plain tokens by the number of their characters, less those that are a twin.
    let plainSets: PlainSets
    /// Plain tokens by their first byte.
    let firstPlainNodes: [(byte: UInt8, node: Int)]

    private let role: (@Sendable (UInt32) -> PieceRole)?

    /// `bytes` gives what each token adds to a text: nothing for control tokens, which are never allowed unless they are `ends`. With
    /// `role`, text that must come is written in the tokens that BPE makes of it (``canonicalTokens(of:)``).
    public init(
        vocabularySize: Int, ends: [UInt32], role: (@Sendable (UInt32) -> PieceRole)? = nil, bytes: (UInt32) -> [UInt8]
    ) {
        self.role = role
        self.vocabularySize = vocabularySize
        self.ends = ends.filter { $0 < vocabularySize }
        var plain: [(bytes: [UInt8], token: UInt32)] = [], others = plain, counts: [(token: UInt32, count: Int)] = []
        let isEnd = Set(ends)
        var longest = 0
        for token in 0..<UInt32(max(0, vocabularySize)) where !isEnd.contains(token) {
            let piece = bytes(token)
            guard !piece.isEmpty, piece.count <= TrieOrder.longest else { continue }
            longest = max(longest, piece.count)
            if let count = PlainText.characterCount(piece), count <= PlainSets.mostCharacters {
                plain.append((piece, token))
                counts.append((token, count))
            } else {
                others.append((piece, token))
            }
        }
        self.longest = longest
        self.plain = TrieOrder(plain, isPlain: true)
        self.others = TrieOrder(others, isPlain: false)
        let twins = Set(self.plain.twins.map(\.twin))
        plainSets = PlainSets(counts.filter { !twins.contains($0.token) }, vocabularySize: max(0, vocabularySize))
        var firsts: [(byte: UInt8, node: Int)] = [], node = 0
        while node < self.plain.nodes.count {
            firsts.append((self.plain.nodes[node].byte, node))
            node = Int(self.plain.nodes[node].end)
        }
        firstPlainNodes = firsts
    }

    /// The tokens that the tokenizer makes of bytes; nil if it isn't known how, or if the vocabulary has no piece for one of them.
    public func canonicalTokens(of bytes: [UInt8]) -> [UInt32]? {
        role.flatMap { CanonicalTokens.of(bytes, self, role: $0) }
    }

    /// The tokens that add just these bytes to a text.
    func tokens(of bytes: ArraySlice<UInt8>) -> [UInt32] { plain.tokens(of: bytes) + others.tokens(of: bytes) }

    /// Bytes of the longest token that is wanted and that the bytes begin with; 0 if there is none.
    func longestPrefix(of bytes: ArraySlice<UInt8>, where isWanted: (UInt32) -> Bool) -> Int {
        max(plain.longestPrefix(of: bytes, where: isWanted), others.longestPrefix(of: bytes, where: isWanted))
    }

    /// Bytes that it holds in memory.
    public var byteCount: Int { plain.byteCount + others.byteCount + plainSets.byteCount }
}
