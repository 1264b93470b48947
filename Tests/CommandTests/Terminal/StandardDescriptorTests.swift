import Foundation
import TestSupport
import Testing

/// Commands that are started with one of their descriptors 0, 1 and 2 closed, or with what can't be read.
@Suite struct StandardDescriptorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs a line of the shell, in which $0 is the command, and $1 and so on are `arguments`.
    private func shell(_ line: String, _ command: Command = .rgEdge, _ arguments: String...) throws -> Command.Outcome {
        try Command(path: "/bin/sh").run(["-c", line, command.path] + arguments)
    }

    private func expect(_ outcome: Command.Outcome, says line: String, from name: String = "rg-edge") {
        #expect(outcome.ending == .exit(1))
        #expect(outcome.output == [])
        #expect(outcome.errors == "\(name): \(line)\n")
    }

    @Test func aModelIsNotReadAsWhatTheUserSays() throws {
        let line = "standard input: is closed; let it come from a file or a pipe"
        let model = try ConvertedModel.chat()
        expect(try shell(#""$0" chat -m "$1" -n 5 <&-"#, .rgEdge, model), says: line)
        expect(try shell(#""$0" prompt -m "$1" -n 5 - <&-"#, .rgEdge, model), says: line)
        expect(try shell(#""$0" logits -m "$1" --tokens - -o "$2" <&-"#, .rgEdge, model, folder.file("logits.npy")), says: line)
        let calibrated = try shell(#""$0" calibrate "$1" - -o "$2" <&-"#, .rgQuant, model, folder.file("stats"))
        expect(calibrated, says: line, from: "rg-quant")
        #expect(try folder.contents() == [])
    }

    @Test func whatHasNowhereToGoIsAnError() throws {
        let line = "standard output: write failed (Bad file descriptor); check where it leads to"
        let model = try ConvertedModel.chat()
        expect(try shell(#""$0" info "$1" >&-"#, .rgEdge, model), says: line)
        expect(try shell(#""$0" prompt -m "$1" -n 5 hello >&-"#, .rgEdge, model), says: line)
        expect(try shell(#""$0" inspect "$1" >&-"#, .rgQuant, model), says: line, from: "rg-quant")
    }

    @Test func filesAreWrittenWithoutAnyOfThem() throws {
        let model = try ConvertedModel.chat(), path = folder.file("logits.npy")
        let outcome = try shell(#""$0" logits -m "$1" --tokens 2,5 -o "$2" <&- >&- 2>&-"#, .rgEdge, model, path)
        #expect(outcome.ending == .exit(0))
        #expect(try NumpyArray(path: path).shape[0] == 2)
        // No message in it either.
        let silent = try shell(#""$0" logits -m "$1" --tokens 2,99999 -o "$2" 2>&-"#, .rgEdge, model, folder.file("none"))
        #expect(silent.ending == .exit(1))
        #expect(try folder.contents() == ["logits.npy"])
    }

    @Test func aFolderIsNoText() throws {
        let model = try ConvertedModel.chat()
        expect(
            try shell(#""$0" chat -m "$1" <"$2""#, .rgEdge, model, folder.path),
            says: "standard input: is a folder; let it come from a file or a pipe")
        expect(
            try Command.rgEdge.run("perplexity", "-m", model, folder.path),
            says: "\(folder.path): is a folder; give the path of a file")
    }

    @Test(arguments: [Command.rgEdge, .rgQuant]) func helpThatNobodyGetsIsAnError(command: Command) throws {
        let name = URL(fileURLWithPath: command.path).lastPathComponent
        for arguments in [["--version"], ["--help"], []] {
            expect(
                try command.start(arguments, output: "/dev/full").wait(),
                says: "standard output: write failed (No space left on device); check where it leads to", from: name)
        }
    }

    /// Swift's runtime would describe a crash.
    @Test func controlBackslashEndsACommandAtOnce() throws {
        // Without a file of its memory, which the system would leave in the folder.
        let line = #"ulimit -c 0; exec "$0" prompt -m "$1" -n -1 'In the'"#
        let running = try Command(path: "/bin/sh").start(["-c", line, Command.rgEdge.path, try ConvertedModel.englishInQ4()])
        #expect(running.waitForOutput(of: 100))
        running.send(SIGQUIT)
        let outcome = running.wait()
        #expect(outcome.ending == .signal(SIGQUIT))
        #expect(outcome.errors == "")
    }
}
