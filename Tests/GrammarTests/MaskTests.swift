import Foundation
import TestSupport
import Testing
import Text

@testable import Grammar

@Suite struct MaskTests {
    /// Pieces that are hard on a walk: beginnings of each other, twice the same, cut characters, long ones.
    static func pieces(_ random: inout RandomSource) -> [[UInt8]] {
        let parts =
            ["a", "b", "c", "\"", "\\", "é", "日", "😀", " ", "\n", "x", "ab"].map { Array($0.utf8) } + [
                [0xE6], [0x97], [0xF0, 0x9F], [0x80],
            ]
        return (0..<300).map { number in
            if number % 50 == 0 { return [] }
            return (0..<Int.random(in: 1...5, using: &random)).flatMap { _ in parts[Int.random(in: 0..<parts.count, using: &random)]
            }
        } + (1...40).map { Array(repeating: UInt8(ascii: "x"), count: $0) }
    }

    /// The mask of a state by asking for each token alone.
    static func expected(_ matcher: Matcher, _ pieces: [[UInt8]], ends: [UInt32]) -> [UInt32] {
        pieces.indices.map(UInt32.init).filter { token in
            if ends.contains(token) { return matcher.isComplete }
            var next = matcher
            return !pieces[Int(token)].isEmpty && next.advance(pieces[Int(token)])
        }
    }

    static let grammars = [
        #"root ::= "\"" [^"\\\x00-\x1F]* "\"""#, #"root ::= "\"" ([^"\\\x00-\x1F] | "\\" ["\\n]){0,6} "\"""#,
        #"root ::= "\"" ([^"\\\x00-\x1F] | "\\" ["\\n]){3,} "\"" [abc]"#, "root ::= .*", "root ::= [^a]{2,9}",
        "root ::= [abx]* \"日\"?",
        #"root ::= "\"" ("ab" | "x" | [^"ax] [^"]{0,4} | "a" [^b"])  "\"""#, #"root ::= [^"]{0,30} ("日" [^x]{3})?"#,
        "root ::= ([a-z]{1,8} \" \"){1,3}", "root ::= [^é]*", "root ::= \"ab\" .{1,4} | [^a] [^\\n]*",
    ]

    @Test(arguments: grammars) func masksAreWhatEachTokenAloneSays(_ text: String) throws {
        var random = RandomSource(seed: 7)
        let pieces = Self.pieces(&random), ends: [UInt32] = [3, 4]
        let trie = VocabularyTrie(vocabularySize: pieces.count, ends: ends) { pieces[Int($0)] }
        let masks = TokenMasks(grammar: try Grammar(gbnf: text), vocabulary: trie, capacity: 4)
        for _ in 0..<12 {
            var matcher = masks.grammar.matcher()
            for _ in 0..<12 {
                let mask = masks.mask(for: matcher)
                #expect(mask.tokens == Self.expected(matcher, pieces, ends: ends))
                #expect(mask.count == mask.tokens.count && mask.tokens.allSatisfy(mask.allows))
                let next = mask.tokens.filter { !ends.contains($0) }
                guard !next.isEmpty else { break }
                matcher.advance(pieces[Int(next[Int.random(in: 0..<next.count, using: &random)])])
            }
        }
    }

    /// Names that further keys must not be, counts far from their ends, patterns.
    static let schemas = [
        #"{"type": "object", "properties": {"ab": true, "a": true, "éa": true, "日": {"type": "null"}}, "additionalProperties": {"type": "string"}}"#,
        #"{"type": "object", "patternProperties": {"^ab": {"type": "string", "maxLength": 3}, "é": true}, "propertyNames": {"minLength": 2}}"#,
        #"{"type": "string", "minLength": 300, "maxLength": 500}"#, #"{"type": "string", "pattern": "^[abx]{2,400}$"}"#,
        #"{"type": "array", "items": {"enum": ["a", "ab", "x"]}, "minItems": 250}"#,
    ]

    @Test(arguments: schemas) func masksOfSchemasAreWhatEachTokenAloneSays(_ schema: String) throws {
        var random = RandomSource(seed: 12)
        let pieces = Self.pieces(&random) + ["{\"", "\": \"", "\", \"", ", "].map { Array($0.utf8) }
        let trie = VocabularyTrie(vocabularySize: pieces.count, ends: [3]) { pieces[Int($0)] }
        let options = JSONSchemaOptions(allowsUndeclared: true)
        let masks = TokenMasks(grammar: try SchemaTests.grammar(schema, options), vocabulary: trie, capacity: 4)
        for _ in 0..<8 {
            var matcher = masks.grammar.matcher()
            for _ in 0..<60 {
                let mask = masks.mask(for: matcher)
                #expect(mask.tokens == Self.expected(matcher, pieces, ends: [3]))
                #expect(TokenMask(mask.words).tokens == mask.tokens && mask.tokens.allSatisfy(mask.allows))
                let next = mask.tokens.filter { $0 != 3 }
                guard let token = next.randomElement(using: &random) else { break }
                matcher.advance(pieces[Int(token)])
            }
        }
    }

    @Test func randomGrammarsHaveTheirMasks() throws {
        var random = RandomSource(seed: 8), made = 0
        let pieces = AutomatonTests.texts(upTo: 4)
        let trie = VocabularyTrie(vocabularySize: pieces.count, ends: [0]) { pieces[Int($0)] }
        while made < 150 {
            let source = RandomGrammar(&random)
            guard let grammar = try? Grammar(source.builder, root: source.root) else { continue }
            made += 1
            let masks = TokenMasks(grammar: grammar, vocabulary: trie)
            var matcher = grammar.matcher()
            for _ in 0..<4 {
                let mask = masks.mask(for: matcher)
                #expect(mask.tokens == Self.expected(matcher, pieces, ends: [0]))
                guard let token = mask.tokens.filter({ $0 > 0 }).randomElement(using: &random) else { break }
                matcher.advance(pieces[Int(token)])
            }
        }
    }

    @Test func aDeadMatcherAllowsNothing() throws {
        let trie = VocabularyTrie(vocabularySize: 2, ends: [0]) { $0 == 1 ? [0x61] : [] }
        let masks = TokenMasks(grammar: try Grammar(choices: ["a"]), vocabulary: trie)
        var matcher = masks.grammar.matcher()
        #expect(masks.mask(for: matcher).only == 1)
        matcher.advance(UInt8(ascii: "a"))
        #expect(masks.mask(for: matcher).only == 0)
        matcher.advance(UInt8(ascii: "a"))
        #expect(masks.mask(for: matcher).count == 0)
    }

    @Test func theSmallModelsVocabularyHasItsMasks() throws {
        let model = try Data(contentsOf: URL(fileURLWithPath: Fixtures.tinyEnglish + "/tokenizer.model"))
        let tokenizer = try Tokenizer(model: [UInt8](model))
        let ends = [tokenizer.eos]
        let pieces = (0..<UInt32(tokenizer.vocabularySize)).map { tokenizer.isControl($0) ? [] : tokenizer.decode([$0]) }
        let trie = VocabularyTrie(vocabularySize: pieces.count, ends: ends) { pieces[Int($0)] }
        for text in Self.grammars {
            let masks = TokenMasks(grammar: try Grammar(gbnf: text), vocabulary: trie)
            let matcher = masks.grammar.matcher()
            #expect(masks.mask(for: matcher).tokens == Self.expected(matcher, pieces, ends: ends))
        }
    }
}
