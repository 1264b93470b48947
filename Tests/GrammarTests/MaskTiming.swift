import Foundation
import Testing
import Text

@testable import Grammar

/// What masks cost with a large vocabulary: prints, if RG_EDGE_TOKENIZER names its `tokenizer.model`.
@Suite struct MaskTiming {
    static let path = ProcessInfo.processInfo.environment["RG_EDGE_TOKENIZER"]

    @Test(.enabled(if: path != nil)) func masksOfALargeVocabulary() throws {
        let path = try #require(Self.path)
        let tokenizer = try Tokenizer(model: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        var pieces = (0..<UInt32(tokenizer.vocabularySize)).map { tokenizer.isControl($0) ? [] : tokenizer.decode([$0]) }
        // A vocabulary made for benchmarks has no pieces with quotation marks; Gemma's has thousands.
        let ends = ["\"", "\",", "\":", "\"}", "\\n", "\"\n", "\": \"", "\\\""]
        for number in 0..<10_000 { pieces.append(pieces[number * 25 % tokenizer.vocabularySize] + ends[number % 8].utf8) }
        let clock = ContinuousClock()
        var made: VocabularyTrie?
        let time = clock.measure { made = VocabularyTrie(vocabularySize: pieces.count, ends: [tokenizer.eos]) { pieces[Int($0)] } }
        let trie = try #require(made)
        print(
            "trie: \(time), \(trie.plain.nodes.count) + \(trie.others.nodes.count) nodes, longest \(trie.plainSets.longest), \(trie.byteCount) bytes"
        )
        let texts = [
            #"{"name": "Anna \"the\" Wolf, née Müller", "age": 41, "tags": ["x", "yy", "zzz"], "note": "In the beginning 日本"}"#
        ]
        let json = #"""
            root ::= value
            value ::= object | array | string | number | "true" | "false" | "null"
            object ::= "{" (string ": " value (", " string ": " value)*)? "}"
            array ::= "[" (value (", " value)*)? "]"
            string ::= "\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})){COUNT} "\""
            number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [+-]? [0-9]{1,2})?
            """#
        for count in ["0,", "0,60", "2,1000"] {
            let masks = TokenMasks(
                grammar: try Grammar(gbnf: json.replacingOccurrences(of: "COUNT", with: count)), vocabulary: trie)
            for text in texts {
                var times: [(Duration, String)] = []
                var matcher = masks.grammar.matcher(), seen = ""
                for byte in text.utf8 {
                    times.append((clock.measure { _ = masks.mask(for: matcher) }, seen))
                    matcher.advance(byte)
                    seen += String(UnicodeScalar(byte))
                }
                times.sort { $0.0 < $1.0 }
                print(
                    "string {\(count)}: median \(times[times.count / 2].0), 90 % \(times[times.count * 9 / 10].0), most \(times.suffix(4))"
                )
                print("  states hold \(masks.grammar.stateByteCount) bytes")
            }
        }
    }
}
