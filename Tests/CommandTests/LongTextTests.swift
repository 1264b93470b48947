import Foundation
import TestSupport
import Testing

/// Texts that are larger than memory, have no end, or never begin.
@Suite struct LongTextTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A file of a terabyte, most of it a hole.
    private func sparse() throws -> String {
        let path = try folder.write(Array("In the beginning".utf8), to: "sparse")
        guard truncate(path, 1 << 40) == 0 else { throw POSIXError(.EIO) }
        return path
    }

    @Test func whatIsNeededWholeHasALimit() throws {
        let model = try ConvertedModel.english(), sparse = try sparse()
        for (arguments, input) in [
            (["prompt", "-m", model, "-"], "/dev/zero"), (["prompt", "-m", model, "-"], sparse),
            (["tokenize", "-m", model, "-"], "/dev/zero"), (["chat", "-m", try ConvertedModel.chat()], "/dev/zero"),
            (["logits", "-m", model, "-o", folder.file("x.npy"), "--tokens", "@" + sparse], "/dev/null"),
            (["logits", "-m", model, "-o", folder.file("x.npy"), "--tokens", "@/dev/zero"], "/dev/null"),
        ] {
            let outcome = try run(arguments, input: input)
            #expect(outcome.ending == .exit(1), "\(arguments) < \(input)")
            #expect(outcome.output.isEmpty)
            #expect(
                outcome.errors.hasPrefix("rg-edge: ") && outcome.errors.contains(" has more than 64 MiB of text; give a "),
                "\(outcome.errors)")
        }
    }

    private func run(_ arguments: [String], input: String) throws -> Command.Outcome {
        try start(.rgEdge, arguments, input: input).wait()
    }

    /// Starts a command that may have 700 MB.
    private func start(_ command: Command, _ arguments: [String], input: String) throws -> RunningCommand {
        let script = "ulimit -v 700000; exec \"$0\" \"$@\" < \"$INPUT\""
        return try Command(path: "/bin/sh").start(["-c", script, command.path] + arguments, environment: ["INPUT": input])
    }

    @Test func whatIsReadAsItComesHasNone() throws {
        let model = try ConvertedModel.english(), statistics = folder.file("stats")
        for input in ["/dev/zero", try sparse()] {
            for (command, arguments, status) in [
                (.rgEdge, ["perplexity", "-m", model, input], 143), (.rgEdge, ["perplexity", "-m", model, "-"], 143),
                (.rgQuant, ["calibrate", model, input, "-o", statistics], 143),
                (.rgQuant, ["calibrate", model, "-", "-o", statistics], 143),
            ] as [(Command, [String], Int32)] {
                let running = try start(command, arguments, input: input)
                #expect(running.waitUntilItCatches(SIGTERM))
                usleep(2_000_000)
                #expect(running.isRunning)
                running.send(SIGTERM)
                let start = Date()
                let outcome = running.wait()
                #expect(outcome.ending == .exit(status), "\(arguments): \(outcome.errors)")
                #expect(Date().timeIntervalSince(start) < 10)
                #expect(outcome.output.isEmpty)
                #expect(outcome.errors.contains("interrupted"))
            }
        }
        #expect(try folder.contents() == ["sparse"])
    }

    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func aPipeThatNobodyWritesToIsWaitedForUntilASignal(signal: Int32, status: Int32) throws {
        let model = try ConvertedModel.english(), pipe = folder.file("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        for (command, arguments, isCaught) in [
            (.rgEdge, ["perplexity", "-m", model, pipe], true),
            (.rgQuant, ["calibrate", model, pipe, "-o", folder.file("stats")], true),
            (.rgEdge, ["logits", "-m", model, "--tokens", "@" + pipe, "-o", folder.file("x.npy")], false),
        ] as [(Command, [String], Bool)] {
            let running = try command.start(arguments)
            if isCaught { #expect(running.waitUntilItCatches(signal)) }
            usleep(500_000)
            #expect(running.isRunning)
            running.send(signal)
            // A command with nothing to tidy up leaves the signal to the system; a shell shows the same number for it.
            #expect(running.wait().ending == (isCaught ? .exit(status) : .signal(signal)), "\(arguments)")
        }
        #expect(try folder.contents() == ["pipe"])
    }

    @Test func aPipeIsReadWhenItsWriterComes() throws {
        let model = try ConvertedModel.english(), pipe = folder.file("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        let running = try Command.rgEdge.start(["perplexity", "-q", "-m", model, pipe])
        usleep(300_000)
        let text = try Data(contentsOf: URL(fileURLWithPath: Fixtures.heldOut))
        try text.write(to: URL(fileURLWithPath: folder.file("text")))
        let writer = try Command(path: "/bin/sh").start(["-c", "cat \"$0\" > \"$1\"", folder.file("text"), pipe])
        #expect(writer.wait().ending == .exit(0))
        let outcome = running.wait()
        #expect(outcome.ending == .exit(0))
        #expect(outcome.text == (try Command.rgEdge.run("perplexity", "-q", "-m", model, Fixtures.heldOut)).text)
    }
}
