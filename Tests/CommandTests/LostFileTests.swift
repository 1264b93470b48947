import Foundation
import TestSupport
import Testing

/// Model files that are cut while a command has them mapped: one line that says which, and exit 1.
@Suite struct LostFileTests {
    private let folder: TemporaryFolder
    private let model: String

    init() throws {
        folder = try TemporaryFolder()
        model = folder.file("model.rgq")
    }

    private var problem: String { "\(model): became shorter or was written to while it was in use; " }

    private func expectLoss(_ outcome: Command.Outcome, command: String) {
        #expect(outcome.ending == .exit(1))
        #expect(outcome.errors.hasPrefix("\(command): \(problem)"), "\(outcome.errors)")
        #expect(outcome.errors.count { $0 == "\n" } == 1)
    }

    @Test(arguments: [[], ["--json"], ["-t", "1"]]) func anAnswerEnds(options: [String]) throws {
        try FileManager.default.copyItem(atPath: ConvertedModel.english(), toPath: model)
        let session = folder.file("talk.rgs")
        let arguments = ["prompt", "-m", model, "-n", "-1", "--session", session, "In the"] + options
        let running = try Command.rgEdge.start(arguments)
        #expect(running.waitForOutput(of: 100))
        #expect(truncate(model, 4096) == 0)
        expectLoss(running.wait(), command: "rg-edge")
        #expect(try folder.contents() == ["model.rgq"], "nothing of a lost answer is kept")
    }

    @Test func aMeasurementEnds() throws {
        try FileManager.default.copyItem(atPath: ConvertedModel.english(), toPath: model)
        let running = try Command.rgEdge.start([
            "perplexity", "-m", model, "-q", "-t", "1", "--kernels", "scalar", Fixtures.heldOut,
        ])
        #expect(running.waitUntilItMaps(model))
        // Opened and being computed with: that takes seconds.
        usleep(300_000)
        #expect(truncate(model, 0) == 0)
        let outcome = running.wait()
        expectLoss(outcome, command: "rg-edge")
        #expect(outcome.output == [])
    }

    @Test func calibrationLeavesNothing() throws {
        try FileManager.default.copyItem(atPath: ConvertedModel.english(), toPath: model)
        let errors = folder.file("errors")
        let running = try Command.rgQuant.start(
            ["calibrate", model, Fixtures.heldOut, "-o", folder.file("stats"), "-t", "1"], errors: errors)
        // A tenth is done.
        while running.isRunning, (try? String(contentsOfFile: errors, encoding: .utf8))?.contains("calibrating: 10 %") != true {
            usleep(2000)
        }
        #expect(truncate(model, 0) == 0)
        let outcome = running.wait()
        #expect(outcome.ending == .exit(1))
        let last = try #require(String(contentsOfFile: errors, encoding: .utf8).split(separator: "\n").last)
        #expect(last.hasPrefix("rg-quant: \(problem)"), "\(last)")
        #expect(try folder.contents() == ["errors", "model.rgq"])
    }

    @Test func aChatEndsAndKeepsWhatWasSaid() throws {
        try FileManager.default.copyItem(atPath: ConvertedModel.chat(), toPath: model)
        let file = folder.file("talk.rgs"), environment = ["XDG_STATE_HOME": folder.file("state")]
        let chat = try TerminalCommand(
            .rgEdge, arguments: ["chat", "-m", model, "-n", "12", "--session", file], environment: environment)
        try chat.wait(for: "> ")
        chat.type("Who was Moses?\r")
        try chat.wait(for: "\u{1B}[?2004l")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("/stats\r")
        let stats = try chat.wait(for: " tokens in branch 1 of 1")
        try chat.wait(for: "\u{1B}[?2004h")
        #expect(truncate(model, 0) == 0)
        chat.type("And Aaron?\r")
        let (ending, screen) = try chat.end()
        #expect(ending == .exit(1))
        #expect(screen.contains("rg-edge: \(problem)"), "\(screen)")
        #expect(screen.hasSuffix("; the conversation is in \(file)\r\n"), "\(screen)")
        #expect(chat.echoes)
        // The turn that was answered is there, the other is not.
        let kept = try Command.rgEdge.run(
            ["chat", "-m", ConvertedModel.chat(), "--session", file], environment: environment, input: Array("/stats\n".utf8))
        let count = try #require(stats.firstMatch(of: /(\d+) tokens in branch/)?.1)
        #expect(kept.errors.hasPrefix("\(count) tokens in branch"))
    }

    @Test func linesOfAPipeCountAllOrNotAtAll() throws {
        try FileManager.default.copyItem(atPath: ConvertedModel.chat(), toPath: model)
        let file = folder.file("talk.rgs")
        let words = String(repeating: "And it came to pass, ", count: 2000)
        let running = try Command.rgEdge.start(
            ["chat", "-m", model, "-t", "1", "--kernels", "scalar", "-n", "12", "--session", file], input: Array(words.utf8))
        #expect(running.waitUntilItCatches(SIGTERM))
        #expect(truncate(model, 0) == 0)
        let outcome = running.wait()
        expectLoss(outcome, command: "rg-edge")
        #expect(outcome.errors.hasSuffix("; \(file) was not written\n"))
    }
}
