import TestSupport
import Testing

@testable import Grammar

/// What a large vocabulary, its masks and the states of a grammar take together.
@Suite struct MemoryTests {
    static let megabyte = 1_000_000
    static let pieces = LargeVocabulary.pieces(256_000)
    static let trie = VocabularyTrie(vocabularySize: pieces.count, ends: [1]) { pieces[Int($0)] }

    static let schemas = [
        SchemaTests.person, "true",
        #"{"type": "object", "properties": {"a": {"type": "string", "format": "uri"}, "b": {"type": "string", "pattern": "^[a-z_]{1,300}$"}, "c": {"type": "string", "maxLength": 500}}, "additionalProperties": {"type": "array", "items": {"type": "string", "format": "date-time"}}}"#,
    ]

    /// 300 tokens of each grammar, chosen by chance, with a mask before each.
    @Test(arguments: schemas) func theyStayUnderEightMegabytes(_ schema: String) throws {
        // Real vocabularies have 2.1 nodes a piece (o200k_base).
        #expect(
            MemoryLayout<TrieOrder.Node>.stride == 8 && Self.trie.plain.nodes.count + Self.trie.others.nodes.count > 2 * 256_000)
        let masks = TokenMasks(grammar: try SchemaTests.grammar(schema), vocabulary: Self.trie)
        var random = RandomSource(seed: 5), most = 0
        for _ in 0..<10 {
            var matcher = masks.grammar.matcher()
            for _ in 0..<30 {
                let tokens = masks.mask(for: matcher).tokens
                guard let token = tokens.randomElement(using: &random), token != 1 else { break }
                matcher.advance(Self.pieces[Int(token)])
                most = max(most, masks.byteCount + masks.grammar.stateByteCount)
            }
        }
        #expect(Self.trie.byteCount + most < 8 * Self.megabyte, "\(Self.trie.byteCount) + \(most)")
    }

    /// However long a text gets and however many states it meets, masks and states keep to their share.
    @Test func masksAndStatesStayWithinTheirShare() throws {
        let masks = TokenMasks(grammar: try SchemaTests.grammar(Self.schemas[2]), vocabulary: Self.trie)
        var matcher = masks.grammar.matcher()
        matcher.advance(#"{"a": "x:", "b": ""#.utf8)
        for count in 0..<300 {
            if count % 5 == 0 { _ = masks.mask(for: matcher) }
            matcher.advance(UInt8(ascii: "a"))
        }
        #expect(masks.byteCount <= 32 * (256_000 / 8 + 128))
        #expect(masks.byteCount + masks.grammar.stateByteCount < 3 * Self.megabyte)
    }
}
