import Foundation
import JSON
import TestSupport
import Testing

@testable import Grammar

/// The hook of `tools/grammar`: says for each schema of RG_EDGE_SCHEMA_CASES which texts it accepts, or why it is refused, one JSON
/// object per line, in RG_EDGE_SCHEMA_RESULTS. If RG_EDGE_SCHEMA_VOCABULARY names pieces (a line each: base64, a space, the number),
/// also how long each mask took on the way through tokens.
@Suite struct SchemaOracle {
    static let cases = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_CASES"]
    static let results = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_RESULTS"]
    static let vocabulary = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_VOCABULARY"]

    @Test(.enabled(if: cases != nil && results != nil)) func schemasAreCompiledAndTextsRead() throws {
        let lines = try String(contentsOfFile: try #require(Self.cases), encoding: .utf8).split(separator: "\n")
        var output: [UInt8] = [], random = RandomSource(seed: 4)
        let pieces = try Self.vocabulary.map(Self.pieces)
        let trie = pieces.map { pieces in VocabularyTrie(vocabularySize: pieces.count, ends: []) { pieces[Int($0)] } }
        for line in lines {
            let value = try JSONValue(parsing: Array(line.utf8))
            let schema = Array((value["schema"]?.stringValue ?? "").utf8)
            let options = JSONSchemaOptions(allowsUndeclared: value["undeclared"] == true, assertsFormats: value["formats"] == true)
            var result = JSONObject()
            let start = Self.now
            do throws(GrammarError) {
                let grammar = try Grammar(jsonSchema: schema, options: options)
                result["microseconds"] = .real(Self.now - start)
                let texts = value["texts"]?.arrayValue ?? []
                let walks = (0..<(value["walks"]?.intValue ?? 0)).compactMap { _ in Self.walk(grammar, &random) }
                result["walks"] = .array(walks.map { .string(String(decoding: $0, as: UTF8.self)) })
                result["accepts"] = .array(texts.map { .bool(grammar.accepts($0.stringValue ?? "")) })
                // How much of each text may be: says where one goes wrong.
                result["reach"] = .array(
                    texts.map { text in
                        var matcher = grammar.matcher()
                        return .integer(Int64((text.stringValue ?? "").utf8.prefix { matcher.advance($0) }.count))
                    })
                if let trie, let pieces, let tokens = value["tokens"]?.arrayValue {
                    let times = Self.masks(grammar, trie, pieces, tokens.compactMap(\.intValue))
                    result["masks"] = .array(times.map { .real($0) })
                    result["stateBytes"] = .integer(Int64(grammar.stateByteCount))
                }
            } catch {
                result["error"] = .string(error.description)
            }
            output += JSONValue.object(result).serialized() + [0x0A]
        }
        try Data(output).write(to: URL(fileURLWithPath: try #require(Self.results)))
    }

    /// Microseconds that this thread has computed for: other programs don't count.
    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    private static func pieces(_ path: String) throws -> [[UInt8]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
            Array(try #require(Data(base64Encoded: String(line.prefix { $0 != " " }))))
        }
    }

    /// Microseconds that the mask before each token took.
    private static func masks(_ grammar: Grammar, _ trie: VocabularyTrie, _ pieces: [[UInt8]], _ tokens: [Int]) -> [Double] {
        let masks = TokenMasks(grammar: grammar, vocabulary: trie)
        var matcher = grammar.matcher()
        return tokens.map { token in
            let start = now
            let mask = masks.mask(for: matcher)
            let time = now - start
            if !mask.allows(UInt32(token)) { return -1 }
            matcher.advance(pieces[token])
            return time
        }
    }

    /// A text of a grammar by chance, with a bias to what closes something; nil if it gets long.
    static func walk(_ grammar: Grammar, _ random: inout RandomSource) -> [UInt8]? {
        var matcher = grammar.matcher(), text: [UInt8] = []
        while text.count < 2000 {
            var next: [UInt8] = []
            for byte in UInt8.min...UInt8.max {
                var copy = matcher
                if copy.advance(byte) { next.append(byte) }
            }
            if matcher.isComplete, next.isEmpty || Int.random(in: 0..<3, using: &random) == 0 { return text }
            let closing = next.filter { [0x22, 0x5D, 0x7D].contains($0) }
            let choices = !closing.isEmpty && Int.random(in: 0..<3, using: &random) == 0 ? closing : next
            // A state from which nothing goes on and that is no end would be a fault of the automaton.
            guard !choices.isEmpty else { return text + Array("<stuck>".utf8) }
            let byte = choices[Int.random(in: 0..<choices.count, using: &random)]
            matcher.advance(byte)
            text.append(byte)
        }
        return nil
    }
}
