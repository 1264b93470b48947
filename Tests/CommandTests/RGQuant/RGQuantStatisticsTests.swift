import Foundation
import JSON
import TestSupport
import Testing

/// What statistics are for: `rg-quant calibrate`, `convert --importance`, and `rg-edge perplexity --kl` on text that none of them
/// has seen.
@Suite struct RGQuantStatisticsTests {
    private let folder: TemporaryFolder
    /// Most of the held-out text, and its end.
    private let seen: String, unseen: String

    init() throws {
        folder = try TemporaryFolder()
        let text = try Data(contentsOf: URL(fileURLWithPath: Fixtures.heldOut))
        seen = try folder.write(text.prefix(80_000), to: "seen")
        unseen = try folder.write(text.dropFirst(80_000), to: "unseen")
    }

    private func convert(_ type: String, _ options: String...) throws -> String {
        let file = folder.file("\(type)\(options.count).rgq")
        let outcome = try Command.rgQuant.run(
            ["convert", Fixtures.tinyEnglish, "-q", "-o", file, "--type", type] + options)
        #expect(outcome.ending == .exit(0) && outcome.errors == "")
        return file
    }

    private func divergence(_ file: String, from reference: String) throws -> Double {
        let outcome = try Command.rgEdge.run(["perplexity", "--json", "--quiet", "-m", file, "--kl", reference, unseen])
        #expect(outcome.ending == .exit(0))
        return try #require(try JSONValue(parsing: outcome.output)["kl_divergence"]?.doubleValue)
    }

    /// Measured: 0.0373 instead of 0.0463 in q4, 0.0557 instead of 0.0655 in q4-small.
    @Test func errorFeedbackLowersTheDivergence() throws {
        let reference = try convert("f32"), statistics = folder.file("stats")
        let calibrated = try Command.rgQuant.run("calibrate", reference, seen, "-o", statistics, "-q")
        #expect(calibrated.ending == .exit(0) && calibrated.errors == "" && calibrated.text == "")
        for (type, limit) in [("q4", 0.0385), ("q4-small", 0.057)] {
            let plain = try divergence(convert(type), from: reference)
            let found = try divergence(convert(type, "--importance", statistics), from: reference)
            #expect(found < limit && found < 0.87 * plain, "\(type): \(found) nats per token, \(plain) without statistics")
        }
    }
}
