import Foundation
import JSON
import TestSupport
import Testing

@testable import Grammar

/// The hook of `tools/grammar/schema_suite.py`: says for each schema of RG_EDGE_SCHEMA_CASES which texts it accepts, or why it is
/// refused, one JSON object per line, in RG_EDGE_SCHEMA_RESULTS.
@Suite struct SchemaOracle {
    static let cases = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_CASES"]
    static let results = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_RESULTS"]

    @Test(.enabled(if: cases != nil && results != nil)) func schemasAreCompiledAndTextsRead() throws {
        let lines = try String(contentsOfFile: try #require(Self.cases), encoding: .utf8).split(separator: "\n")
        var output: [UInt8] = [], random = RandomSource(seed: 4)
        for line in lines {
            let value = try JSONValue(parsing: Array(line.utf8))
            let schema = Array((value["schema"]?.stringValue ?? "").utf8)
            let options = JSONSchemaOptions(allowsUndeclared: true, assertsFormats: value["formats"] == true)
            var result = JSONObject()
            let clock = ContinuousClock(), start = clock.now
            do throws(GrammarError) {
                let grammar = try Grammar(jsonSchema: schema, options: options)
                result["microseconds"] = .real((clock.now - start) / .microseconds(1))
                let texts = value["texts"]?.arrayValue ?? []
                let walks = (0..<(value["walks"]?.intValue ?? 0)).compactMap { _ in Self.walk(grammar, &random) }
                result["walks"] = .array(walks.map { .string(String(decoding: $0, as: UTF8.self)) })
                result["accepts"] = .array(texts.map { .bool(grammar.accepts($0.stringValue ?? "")) })
            } catch {
                result["error"] = .string(error.description)
            }
            output += JSONValue.object(result).serialized() + [0x0A]
        }
        try Data(output).write(to: URL(fileURLWithPath: try #require(Self.results)))
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
