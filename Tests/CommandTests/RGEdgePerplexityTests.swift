import JSON
import TestSupport
import Testing

@Suite struct RGEdgePerplexityTests {
    private func measure(_ arguments: String..., input: String = "") throws -> JSONValue {
        let outcome = try Command.rgEdge.run(["perplexity", "--json", "--quiet"] + arguments, input: Array(input.utf8))
        #expect(outcome.ending == .exit(0))
        #expect(outcome.errors.isEmpty)
        return try JSONValue(parsing: outcome.output)
    }

    /// The reference's figure (`Tests/Fixtures/tiny-en/README.md`).
    @Test func perplexityIsTheReferences() throws {
        let figures = try measure("-m", try ConvertedModel.english(), Fixtures.heldOut)
        #expect(figures["tokens"] == 31_267)
        let perplexity = try #require(figures["perplexity"]?.doubleValue)
        #expect((perplexity / 21.0838 - 1).magnitude < 0.001)
    }

    @Test func fileComparedWithItselfHasNoDivergence() throws {
        let model = try ConvertedModel.english()
        let text = "And God said, Let there be light: and there was light.\n"
        let same = try measure("-m", model, "--kl", model, "--chunk", "7", "-", input: text)
        #expect(same["kl_divergence"]?.doubleValue == 0)
        #expect(same["same_likeliest_token"]?.doubleValue == 1)
        #expect(same["perplexity"] == same["reference_perplexity"])
        #expect(same["perplexity"] == (try measure("-m", model, "--chunk", "7", "-", input: text)["perplexity"]))

        let quantized = try measure("-m", try ConvertedModel.englishInQ4(), "--kl", model, "-", input: text)
        let divergence = try #require(quantized["kl_divergence"]?.doubleValue)
        #expect(divergence > 0 && divergence < 1)
        #expect(quantized["perplexity"] != quantized["reference_perplexity"])
    }

    @Test func progressIsLinesWhereThereIsNoTerminal() throws {
        let outcome = try Command.rgEdge.run("perplexity", "-m", try ConvertedModel.englishInQ4(), Fixtures.heldOut)
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count == 1 && outcome.text.hasPrefix("perplexity ") && outcome.text.contains("31267 tokens"))
        let progress = outcome.errors.split(separator: "\n")
        #expect(progress.count == 10)
        #expect(progress.allSatisfy { $0.hasPrefix("measuring: ") && $0.contains("tokens/s") })
    }
}
