import JSON
import TestSupport
import Testing

@Suite struct RGEdgeTokenizeTests {
    private func tokenize(_ arguments: String..., input: String = "") throws -> Command.Outcome {
        try Command.rgEdge.run(["tokenize", "-m", try ConvertedModel.englishInQ4()] + arguments, input: Array(input.utf8))
    }

    @Test func idsAndPiecesAreOnePerLine() throws {
        let outcome = try tokenize("In the\nbeginning")
        #expect(outcome.ending == .exit(0))
        let rows = outcome.lines.map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        #expect(rows.first?.first == "2")
        #expect(rows.contains { $0.last?.contains("\\n") == true }, "a line break doesn't break the line")
        let pieces = rows.dropFirst().map { $0.last?.drop { $0 == " " } ?? "" }
        #expect(pieces.joined() == "In▁the\\nbeginning")
    }

    @Test func idsDecodeToTheText() throws {
        let text = "And God said, héllo 🙂\n\n\tx  <start_of_turn>"
        let ids = try tokenize("--ids", "--no-bos", text).text
        #expect(ids.hasSuffix("\n"))
        let decoded = try tokenize("--decode", String(ids.dropLast()))
        #expect(decoded.text == text)
        #expect(try tokenize("--ids", text).text == "2," + ids)
        #expect(try tokenize("--ids", "-", input: text).text == "2," + ids, "standard input as it is")
        #expect(try tokenize("--decode", "-", input: ids).text == text)
    }

    @Test func controlTokensAreParsedOnlyWhenAskedFor() throws {
        func tokens(_ arguments: String...) throws -> [JSONValue] {
            let outcome = try Command.rgEdge.run(
                ["tokenize", "-m", try ConvertedModel.englishInQ4(), "--json", "--no-bos", "<end_of_turn>"] + arguments)
            return try #require(try JSONValue(parsing: outcome.output).arrayValue)
        }
        #expect(try tokens("--special").map { $0["piece"] } == ["<end_of_turn>"])
        #expect(try tokens().count > 1)
    }
}
