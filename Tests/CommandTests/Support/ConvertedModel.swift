import Foundation
import TestSupport

/// Model files that `rg-quant` makes of the fixtures, each once for all tests.
enum ConvertedModel {
    /// Why a fixture could not be converted.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The small English model, which has no chat template.
    static func english() throws -> String { try englishF32.get() }
    static func englishInQ4() throws -> String { try englishQ4.get() }
    /// The small English model with a chat template, as an instruction-tuned one has.
    static func chat() throws -> String { try chatQ8.get() }
    /// Random weights: its text is noise, bytes of all kinds among it.
    static func noise() throws -> String { try alphaF32.get() }

    private static let englishF32 = convert(Fixtures.tinyEnglish, to: "tiny-en.f32.rgq", "--type", "f32")
    private static let englishQ4 = convert(Fixtures.tinyEnglish, to: "tiny-en.q4.rgq", "--type", "q4-small")
    private static let chatQ8 = convert(Fixtures.tinyEnglish, to: "chat.q8.rgq", "--type", "q8", "--chat-template", "gemma")
    private static let alphaF32 = convert(Fixtures.oracle("alpha"), to: "alpha.f32.rgq", "--type", "f32")

    private static func convert(_ source: String, to name: String, _ options: String...) -> Result<String, any Error> {
        Result {
            // Beside the built programs: what a test run leaves, the next one writes over.
            let folder = Command.folder + "/CommandTests.models"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let target = folder + "/" + name
            let outcome = try Command.rgQuant.run(["convert", source, "-o", target, "--quiet"] + options)
            guard outcome.ending == .exit(0) else { throw Failure(description: "rg-quant convert \(source): \(outcome.errors)") }
            return target
        }
    }
}
