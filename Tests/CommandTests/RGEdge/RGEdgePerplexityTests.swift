import Foundation
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

    /// The same mean from the logits that the two files give, token by token.
    @Test func divergenceIsThatOfTheLogits() throws {
        let text = "And God said, Let there be light: and there was light.\n"
        let files = [try ConvertedModel.english(), try ConvertedModel.englishInQ4()]
        let tokens = try Command.rgEdge.run("tokenize", "-m", files[0], "--ids", text).text.split(separator: ",").dropLast()
        let folder = try TemporaryFolder()
        let logits = try files.map { file in
            let path = folder.file("logits.npy")
            _ = try Command.rgEdge.run("logits", "-m", file, "--tokens", tokens.joined(separator: ","), "-o", path)
            return try NumpyArray(path: path)
        }
        func logProbabilities(_ row: ArraySlice<Float>) -> [Double] {
            let logSum = log(row.reduce(0) { $0 + exp(Double($1)) })
            return row.map { Double($0) - logSum }
        }
        let vocabulary = logits[0].shape[1]
        let divergences = tokens.indices.map { index in
            let rows = logits.map { logProbabilities($0.floats[index * vocabulary..<(index + 1) * vocabulary]) }
            return zip(rows[0], rows[1]).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        }
        let mean = divergences.reduce(0, +) / Double(divergences.count)
        let figures = try measure("-m", files[1], "--kl", files[0], "-", input: text)
        let measured = try #require(figures["kl_divergence"]?.doubleValue)
        #expect((measured / mean - 1).magnitude < 1e-4)
        #expect(figures["tokens"]?.intValue == tokens.count)
    }

    @Test func oneTokenIsNotTokens() throws {
        let outcome = try Command.rgEdge.run("perplexity", "-q", "-m", try ConvertedModel.english(), "-", input: Array("hi".utf8))
        #expect(outcome.errors.isEmpty)
        #expect(outcome.text.hasSuffix(" over 1 token\n"))
    }

    @Test func progressIsLinesWhereThereIsNoTerminal() throws {
        let outcome = try Command.rgEdge.run("perplexity", "-m", try ConvertedModel.englishInQ4(), Fixtures.heldOut)
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count == 1 && outcome.text.hasPrefix("perplexity ") && outcome.text.contains("31267 tokens"))
        let progress = outcome.errors.split(separator: "\n")
        #expect(progress.count == 10)
        #expect(progress.allSatisfy { $0.hasPrefix("measuring: ") && $0.contains("tokens/s") })
    }

    @Test func controlCStopsIt() throws {
        let model = try ConvertedModel.englishInQ4()
        let folder = try TemporaryFolder()
        let text = try folder.write(Array(String(repeating: "And it came to pass, ", count: 20_000).utf8), to: "text")
        for options in [[], ["--kl", model]] {
            let running = try Command.rgEdge.start(
                ["perplexity", "-m", model, "-t", "1", "--kernels", "scalar", "-q", text] + options)
            #expect(running.waitUntilItCatches(SIGINT))
            running.send(SIGINT)
            let outcome = running.wait()
            #expect(outcome.ending == .exit(130))
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors == "rg-edge: interrupted\n")
        }
    }
}
