import Foundation
import JSON
import Testing

@testable import Grammar

/// The hook of `tools/grammar/schema_suite.py`: says for each schema of RG_EDGE_SCHEMA_CASES which texts it accepts, or why it is
/// refused, one JSON object per line, in RG_EDGE_SCHEMA_RESULTS.
@Suite struct SchemaOracle {
    static let cases = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_CASES"]
    static let results = ProcessInfo.processInfo.environment["RG_EDGE_SCHEMA_RESULTS"]

    @Test(.enabled(if: cases != nil && results != nil)) func schemasAreCompiledAndTextsRead() throws {
        let lines = try String(contentsOfFile: try #require(Self.cases), encoding: .utf8).split(separator: "\n")
        var output: [UInt8] = []
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
                result["accepts"] = .array(texts.map { .bool(grammar.accepts($0.stringValue ?? "")) })
            } catch {
                result["error"] = .string(error.description)
            }
            output += JSONValue.object(result).serialized() + [0x0A]
        }
        try Data(output).write(to: URL(fileURLWithPath: try #require(Self.results)))
    }
}
