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

    /// `bytes` gives what each token adds to a text: nothing for control tokens, which are never allowed unless they are `ends`.
    public init(vocabularySize: Int, ends: [UInt32], bytes: (UInt32) -> [UInt8]) {
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

    /// Bytes that it holds in memory.
    public var byteCount: Int { plain.byteCount + others.byteCount + plainSets.byteCount }
}
