import JSON
import TestSupport
import Testing

/// Answers of a given form, as the commands make them.
@Suite struct RGEdgeConstraintTests {
    private static let schema =
        #"{"type": "object", "required": ["a"], "additionalProperties": false, "properties": {"a": {"type": "integer"}}}"#
    private static let tools =
        #"[{"name": "walk", "parameters": {"type": "object", "properties": {"far": {"type": "boolean"}}}}, {"name": "stop"}]"#

    private func prompt(_ arguments: [String], model: String) throws -> Command.Outcome {
        try Command.rgEdge.run(["prompt", "-m", model, "--temperature", "1.2", "--seed", "3"] + arguments + ["And God said"])
    }

    @Test func answersHaveTheirForm() throws {
        let model = try ConvertedModel.englishInQ4(), folder = try TemporaryFolder()
        let schema = try folder.write(Array(Self.schema.utf8), to: "schema.json")
        let grammar = try folder.write(Array(#"root ::= "a" "b"+ "c" | "x""#.utf8), to: "list.gbnf")
        let object = try prompt(["--json-schema", schema], model: model)
        #expect(object.ending == .exit(0) && object.errors.isEmpty)
        #expect(try JSONValue(parsing: Array(object.text.utf8))["a"] != nil)
        #expect(try prompt(["--grammar", grammar], model: model).text.first.map { "ax".contains($0) } == true)
        let digits = try prompt(["--regex", "[0-9]{4}"], model: model).text
        #expect(digits.count == 4 && digits.allSatisfy(\.isNumber))
        #expect(["yes", "no, never"].contains(try prompt(["--choices", "yes\nno, never"], model: model).text))
        #expect(["yes", "no"].contains(try prompt(["--choices", "yes,no"], model: model).text))
        let json = try prompt(["--any-json", "-n", "400"], model: model)
        #expect(json.ending == .exit(0))
        let summary = try #require(try prompt(["--json", "--json-schema", schema], model: model).lines.last)
        let figures = try JSONValue(parsing: Array(summary.utf8))
        #expect(figures["finish"] == "end" && (figures["forced_tokens"]?.intValue ?? 0) > 0)
    }

    @Test func aToolIsCalled() throws {
        let model = try ConvertedModel.chat(), folder = try TemporaryFolder()
        let tools = try folder.write(Array(Self.tools.utf8), to: "tools.json")
        let call = try JSONValue(
            parsing: Array(try prompt(["--tools", tools, "--tool-choice", "required"], model: model).text.utf8))
        #expect(call["name"] == "walk" || call["name"] == "stop")
        #expect(
            try prompt(["--tools", tools, "--tool-choice", "stop"], model: model).text == #"{"name": "stop", "arguments": {}}"#)
        #expect(try prompt(["--tools", tools, "-n", "20"], model: model).ending == .exit(0))
        let unknown = try prompt(["--tools", tools, "--tool-choice", "run"], model: model)
        #expect(unknown.ending == .exit(1) && unknown.errors.contains("no tool is named run; choose one of walk, stop"))
    }

    @Test(arguments: [
        (["--json-schema", "SCHEMA"], 1, "the JSON schema: #/properties/a/contains: is not supported"),
        (["--json-schema", "none.json"], 1, "none.json: opening failed"),
        (["--regex", "("], 1, "the regular expression: character 1"),
        (["--grammar", "SCHEMA"], 1, "the grammar: line 1"), (["--tools", "SCHEMA"], 1, "the tools: no array with functions"),
        (["--choices", "a,,b"], 64, "texts that are not empty"), (["--regex", "a", "--any-json"], 64, "Give one of --json-schema"),
        (["--json-schema", "-"], 64, "take a file"), (["--tool-choice", "auto"], 64, "--tool-choice goes with --tools"),
    ])
    func whatIsWrongSaysWhere(arguments: [String], status: Int32, part: String) throws {
        let folder = try TemporaryFolder()
        let schema = try folder.write(
            Array(#"{"properties": {"a": {"contains": true, "not": {"items": {}}}}}"#.utf8), to: "schema.json")
        let outcome = try prompt(arguments.map { $0 == "SCHEMA" ? schema : $0 }, model: try ConvertedModel.englishInQ4())
        #expect(outcome.ending == .exit(status))
        #expect(outcome.errors.contains(part), "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.output.isEmpty)
    }

    @Test func benchMeasuresThemBesideFreeText() throws {
        let outcome = try Command.rgEdge.run(
            "bench", "-m", try ConvertedModel.englishInQ4(), "--regex", "The end is (near|far)\\.", "-r", "2", "-t", "1,2", "-o",
            "json")
        #expect(outcome.ending == .exit(0))
        let rows = try #require(try JSONValue(parsing: outcome.output).arrayValue)
        #expect(rows.count == 2)
        for row in rows {
            #expect((row["tokens"]?.doubleValue ?? 0) > 3 && (row["forced_tokens"]?.doubleValue ?? 0) > 1)
            #expect((row["avg_ts"]?.doubleValue ?? 0) > 0 && (row["free_avg_ts"]?.doubleValue ?? 0) > 0)
        }
    }
}
