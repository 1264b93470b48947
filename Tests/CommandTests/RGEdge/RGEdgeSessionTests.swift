import Foundation
import JSON
import TestSupport
import Testing

/// `rg-edge prompt` with saved sessions, with a cache of prompts, and looking ahead.
@Suite struct RGEdgeSessionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func prompt(_ arguments: String..., model: String) throws -> Command.Outcome {
        try Command.rgEdge.run(["prompt", "-m", model] + arguments)
    }

    private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private func summary(_ outcome: Command.Outcome) throws -> JSONValue {
        try JSONValue(parsing: Array(try #require(outcome.lines.last).utf8))
    }

    private func text(_ outcome: Command.Outcome) throws -> String {
        try outcome.lines.map { try JSONValue(parsing: Array($0.utf8))["text"]?.stringValue ?? "" }.joined()
    }

    // MARK: - Sessions

    @Test func aConversationGoesOnInAnotherProcess() throws {
        let model = try ConvertedModel.chat()
        let file = folder.file("talk.rgs")
        let first = try prompt("-n", "12", "--session", file, "Who was Moses?", model: model)
        #expect(first.ending == .exit(0))
        #expect(first.errors.isEmpty)
        let second = try prompt("-n", "12", "--session", file, "And Aaron?", model: model)
        let alone = try prompt("-n", "12", "And Aaron?", model: model)
        #expect(second.text != alone.text)
        // The same in one process.
        let chat = try Command.rgEdge.run(
            "chat", "-m", model, "-n", "12", "--temperature", "0", input: Array("Who was Moses?\nAnd Aaron?\n".utf8))
        #expect(chat.text == "\(first.text)\n\(second.text)\n")
        #expect(try folder.contents() == ["talk.rgs"])
    }

    /// The tokens of a saved session.
    private func tokens(ofSession file: String) throws -> [Int] {
        let script = "import sys, rgs; print(*rgs.RGSFile(sys.argv[1]).parts['tokens'])"
        let result = try Python.run(script, file)
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    }

    private func flags(ofSession file: String) throws -> UInt8 { try contents(file)[48] }

    @Test(.enabled(if: Python.hasNumPy, "needs /usr/bin/python3 with NumPy (Debian: python3-numpy)"))
    func anAnswerThatGoesOnInRawTextIsStillATurnToEnd() throws {
        let model = try ConvertedModel.chat()
        let file = folder.file("talk.rgs")
        var answer = try prompt("-n", "6", "--session", file, "Who was Moses?", model: model).text
        #expect(try flags(ofSession: file) == 1)
        answer += " And" + (try prompt("-n", "6", "--session", file, "--raw", " And", model: model).text)
        #expect(try flags(ofSession: file) == 1)
        let last = try prompt("-n", "6", "--session", file, " \u{1C}And Aaron?\n", model: model).text
        let whole =
            "<start_of_turn>user\nWho was Moses?<end_of_turn>\n<start_of_turn>model\n" + answer
            + "<end_of_turn>\n<start_of_turn>user\nAnd Aaron?<end_of_turn>\n<start_of_turn>model\n" + last
        let expected = try Command.rgEdge.run("tokenize", "-m", model, "--special", "--ids", whole).text
        #expect(try tokens(ofSession: file) == expected.split { $0 == "," || $0 == "\n" }.compactMap { Int($0) })
        // Raw text alone is not a turn.
        let raw = folder.file("raw.rgs")
        _ = try prompt("-n", "6", "--session", raw, "--raw", "In the beginning", model: model)
        #expect(try flags(ofSession: raw) == 0)
    }

    @Test func aReadOnlySessionStaysAsItIs() throws {
        let model = try ConvertedModel.chat()
        let file = folder.file("talk.rgs")
        _ = try prompt("-n", "12", "--session", file, "Who was Moses?", model: model)
        let before = try contents(file)
        let first = try prompt("-n", "12", "--session", file, "--session-read-only", "And Aaron?", model: model)
        #expect(first.ending == .exit(0))
        #expect(try contents(file) == before)
        #expect(try prompt("-n", "12", "--session", file, "--session-read-only", "And Aaron?", model: model).text == first.text)
    }

    @Test func whatCannotBeLoadedOrSavedIsSaidBeforeAnyText() throws {
        let model = try ConvertedModel.chat()
        let damaged = try folder.write(Array("RGS1 and so on".utf8), to: "damaged.rgs")
        let empty = try folder.write([], to: "empty.rgs")
        let other = folder.file("other.rgs")
        _ = try prompt("-n", "1", "--session", other, "a", model: try ConvertedModel.english())
        for (path, flags, part) in [
            (damaged, [], "is cut"), (other, [], "is a session of a different model"), (folder.path, [], "is a folder"),
            (empty, [], "is empty, not a saved session; give one that rg-edge saved, or begin a new conversation"),
            (folder.file("none/talk.rgs"), [], "make the folder first"),
            (folder.file("none.rgs"), ["--session-read-only"], "no such file"),
        ] {
            let outcome = try Command.rgEdge.run(["prompt", "-m", model, "-n", "4", "--session", path] + flags + ["hello"])
            #expect(outcome.ending == .exit(1), "\(path)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.hasPrefix("rg-edge: \(path): "), "\(outcome.errors)")
            #expect(outcome.errors.contains(part), "\(outcome.errors)")
        }
        #expect(try folder.contents() == ["damaged.rgs", "empty.rgs", "other.rgs"])
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func ofAnInterruptedAnswerWhatWasShownIsSaved(signal: Int32) throws {
        let model = try ConvertedModel.englishInQ4()
        let file = folder.file("talk.rgs")
        let running = try Command.rgEdge.start(["prompt", "-m", model, "-n", "-1", "--json", "--session", file, "In the"])
        #expect(running.waitForOutput(of: 1000))
        running.send(signal)
        let outcome = running.wait()
        #expect(outcome.ending == .exit(128 + signal))
        #expect(outcome.errors == "rg-edge: interrupted; the conversation is in \(file)\n")
        // As after an answer of as many tokens that ended by itself.
        let whole = folder.file("whole.rgs")
        let count = try #require(try summary(outcome)["generated_tokens"]?.intValue)
        #expect(try text(try prompt("-n", "\(count)", "--json", "--session", whole, "In the", model: model)) == text(outcome))
        #expect(try contents(file) == contents(whole))
        #expect(try folder.contents() == ["talk.rgs", "whole.rgs"])
    }

    @Test func aPromptThatIsInterruptedBeforeItsAnswerLeavesTheFileAsItWas() throws {
        let model = try ConvertedModel.englishInQ4()
        let file = folder.file("talk.rgs"), none = folder.file("none.rgs")
        _ = try prompt("-n", "4", "--session", file, "In the", model: model)
        let before = try contents(file)
        let words = Array(String(repeating: "And it came to pass, ", count: 20_000).utf8)
        for (path, clause) in [(file, "is as it was"), (none, "was not written")] {
            let running = try Command.rgEdge.start(
                ["prompt", "-m", model, "-t", "1", "--kernels", "scalar", "-n", "1", "--session", path, "-"], input: words)
            #expect(running.waitUntilItCatches(SIGINT))
            running.send(SIGINT)
            let outcome = running.wait()
            #expect(outcome.ending == .exit(130))
            #expect(outcome.output == [])
            #expect(outcome.errors == "rg-edge: interrupted; \(path) \(clause)\n")
        }
        #expect(try contents(file) == before)
        #expect(try folder.contents() == ["talk.rgs"])
    }

    @Test func oneProcessAtATimeUsesAConversation() throws {
        let model = try ConvertedModel.englishInQ4()
        // Whether the file is there or not.
        for number in 0..<2 {
            let file = folder.file("talk.rgs")
            let holder = try Command.rgEdge.start(["prompt", "-m", model, "-n", "-1", "--json", "--session", file, "In the"])
            #expect(holder.waitForOutput(of: 100))
            for _ in 0..<2 {
                let second = try prompt("-n", "4", "--session", file, "And Aaron", model: model)
                #expect(second.ending == .exit(1))
                #expect(second.output.isEmpty)
                #expect(
                    second.errors == """
                        rg-edge: \(file): is in use by another rg-edge (process \(holder.process)); wait until that ends, or take \
                        another file

                        """)
            }
            // Somebody who only reads it may.
            if number == 1 {
                let reader = try prompt("-n", "4", "--session", file, "--session-read-only", "a", model: model)
                #expect(reader.ending == .exit(0))
            }
            let chat = try Command.rgEdge.run(
                "chat", "-m", try ConvertedModel.chat(), "-n", "4", input: Array("Hello\n/save \(file)\n".utf8))
            #expect(chat.errors.contains("\(file): is in use by another rg-edge"))
            holder.send(SIGINT)
            #expect(holder.wait().ending == .exit(130))
            #expect(try folder.contents() == ["talk.rgs"])
        }
        // What a killed process leaves of its lock locks nothing.
        let killed = try Command.rgEdge.start(
            ["prompt", "-m", model, "-n", "-1", "--json", "--session", folder.file("talk.rgs"), "a"])
        #expect(killed.waitForOutput(of: 100))
        killed.send(SIGKILL)
        _ = killed.wait()
        #expect(try prompt("-n", "4", "--session", folder.file("talk.rgs"), "And", model: model).ending == .exit(0))
        #expect(try folder.contents() == ["talk.rgs"])
    }

    @Test(arguments: [true, false]) func aConversationThatSomethingElseChangesIsKeptBesideIt(isThere: Bool) throws {
        let model = try ConvertedModel.englishInQ4()
        let file = folder.file("talk.rgs"), other = folder.file("other.rgs"), kept = folder.file("talk-2.rgs")
        _ = try prompt("-n", "4", "--session", other, "And Aaron", model: model)
        if isThere { _ = try prompt("-n", "4", "--session", file, "And Moses", model: model) }
        let running = try Command.rgEdge.start(["prompt", "-m", model, "-n", "-1", "--json", "--session", file, "In the"])
        #expect(running.waitForOutput(of: 1000))
        if isThere { try FileManager.default.removeItem(atPath: file) }
        try FileManager.default.copyItem(atPath: other, toPath: file)
        running.send(SIGINT)
        let outcome = running.wait()
        #expect(outcome.ending == .exit(1))
        #expect(
            outcome.errors == """
                rg-edge: \(file): was changed by another program since it was read, and stays as that left it; \
                this conversation is in \(kept)

                """)
        #expect(try contents(file) == contents(other))
        #expect(try prompt("-n", "4", "--session", kept, "and", model: model).ending == .exit(0))
        #expect(try folder.contents() == ["other.rgs", "talk-2.rgs", "talk.rgs"])
    }

    @Test func aFileThatIsNoConversationStays() throws {
        let model = try folder.write(Data(contentsOf: URL(fileURLWithPath: ConvertedModel.chat())), to: "model.rgq")
        let notes = try folder.write(Array("notes".utf8), to: "notes.txt")
        for path in [model, notes] {
            let before = try contents(path)
            let sentence = "\(path): is not a saved session, and so is not replaced; give another name, or remove it first"
            let outcome = try prompt("-n", "4", "--session", path, "a", model: model)
            #expect(outcome.ending == .exit(1) && outcome.output.isEmpty)
            #expect(outcome.errors == "rg-edge: \(sentence)\n")
            let chat = try Command.rgEdge.run("chat", "-m", model, "-n", "4", input: Array("Hello\n/save \(path)\n".utf8))
            #expect(chat.ending == .exit(0))
            #expect(chat.errors == "\(sentence).\n")
            #expect(try contents(path) == before)
        }
    }

    /// By another name of its folder too.
    @Test func aChatSavesToItsOwnFileAsOften() throws {
        let file = folder.file("talk.rgs")
        let lines = "Hello\n/save\n/save \(folder.path)/./talk.rgs\nAnd you?\n/save \(file)\n"
        let chat = try Command.rgEdge.run(
            "chat", "-m", try ConvertedModel.chat(), "-n", "4", "--session", file, input: Array(lines.utf8))
        #expect(chat.ending == .exit(0))
        let notes = chat.errors.split(separator: "\n")
        #expect(notes.count == 3 && notes.allSatisfy { $0.hasPrefix("Saved ") })
        #expect(try folder.contents() == ["talk.rgs"])
    }

    // MARK: - The cache of prompts

    @Test func aPromptThatWasThereIsNotComputedAgain() throws {
        let model = try ConvertedModel.englishInQ4()
        let system = String(repeating: "And it came to pass in those days that the people went up. ", count: 30)
        func run(_ words: String, _ arguments: String...) throws -> Command.Outcome {
            try Command.rgEdge.run(["prompt", "-m", model, "-n", "20", "--json", system + words] + arguments)
        }
        let cache = ["--prompt-cache", folder.file("cache")]
        let plain = try run("And Moses", cache[0], cache[1])
        #expect(plain.ending == .exit(0))
        #expect(try summary(plain)["reused_tokens"] == 0)
        let again = try run("And Moses", cache[0], cache[1])
        #expect(try text(again) == text(plain))
        #expect(try summary(again)["reused_tokens"] == summary(plain)["prompt_tokens"])
        let other = try run("And Aaron", cache[0], cache[1])
        #expect(try text(other) == text(try run("And Aaron")))
        #expect(try #require(try summary(other)["reused_tokens"]?.intValue) >= 256)
        let timings = try run("And Aaron", cache[0], cache[1], "--timings")
        #expect(timings.errors.contains(" from the cache)"))
    }

    @Test func theCacheKeepsToItsLimit() throws {
        let model = try ConvertedModel.englishInQ4()
        for number in 0..<4 {
            let words = String(repeating: "\(number) And it came to pass in those days. ", count: 20)
            let outcome = try prompt(
                "-n", "1", "--prompt-cache", folder.file("cache"), "--prompt-cache-limit", "300k", words, model: model)
            #expect(outcome.ending == .exit(0))
            #expect(outcome.errors.isEmpty)
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("cache"))
        let sizes = try files.map { try contents(folder.file("cache") + "/" + $0).count }
        #expect(sizes.reduce(0, +) <= 300_000)
        #expect(files.count >= 2)
    }

    @Test func programsShareACache() throws {
        let model = try ConvertedModel.englishInQ4()
        func words(_ number: Int) -> String { String(repeating: "\(number) And it came to pass in those days. ", count: 40) }
        let expected = try (0..<3).map { try prompt("-n", "12", words($0), model: model).text }
        // Room for two or three files, so that they come and go.
        for _ in 0..<3 {
            let running = try (0..<6).map {
                try Command.rgEdge.start([
                    "prompt", "-m", model, "-n", "12", "--prompt-cache", folder.file("cache"), "--prompt-cache-limit", "300k",
                    words($0 % 3),
                ])
            }
            for (number, command) in running.enumerated() {
                let outcome = command.wait()
                #expect(outcome.ending == .exit(0))
                #expect(outcome.text == expected[number % 3])
                #expect(outcome.errors.isEmpty, "\(outcome.errors)")
            }
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("cache"))
        #expect(!files.isEmpty && files.allSatisfy { $0.hasSuffix(".prompt.rgs") })
    }

    @Test func aCacheThatCannotBeUsedIsAnError() throws {
        let path = try folder.write([1], to: "file")
        let outcome = try prompt("--prompt-cache", path, "hello", model: try ConvertedModel.englishInQ4())
        #expect(outcome.ending == .exit(1))
        #expect(outcome.errors == "rg-edge: \(path): is not a folder; give the path of a folder\n")
    }

    // MARK: - Looking ahead

    @Test(arguments: [[], ["--temperature", "0.8", "--seed", "5"]]) func lookingAheadChangesNothing(sampling: [String]) throws {
        let model = try ConvertedModel.englishInQ4()
        let words = String(repeating: "Praise ye the LORD: for it is good to sing praises. ", count: 5)
        func run(_ arguments: String...) throws -> Command.Outcome {
            try Command.rgEdge.run(["prompt", "-m", model, "-n", "120", "--json", words] + sampling + arguments)
        }
        let plain = try run(), ahead = try run("--lookup", "8")
        #expect(try text(ahead) == text(plain))
        #expect(try #require(try summary(ahead)["drafted_tokens"]?.intValue) > 0)
        #expect(try summary(plain)["drafted_tokens"] == 0)
    }

    // MARK: - Arguments

    @Test(arguments: [
        (["--session", ""], "--session needs"), (["--session-read-only"], "--session-read-only goes with --session"),
        (["--lookup", "-1"], "--lookup must be 0 to 64"), (["--lookup", "65"], "--lookup must be 0 to 64"),
        (["--prompt-cache", ""], "--prompt-cache needs"), (["--prompt-cache-limit", "1G"], "--prompt-cache-limit goes with"),
        (["--prompt-cache", "x", "--prompt-cache-limit", "much"], "much"),
        (["--prompt-cache", "x", "--prompt-cache-limit", "99999999T"], "99999999T"),
        (["--prompt-cache", "x", "--prompt-cache-limit", "1.5G"], "1.5G"),
    ])
    func wrongArgumentsAreNamed(arguments: [String], part: String) throws {
        let outcome = try Command.rgEdge.run(["prompt", "-m", "none.rgq", "hello"] + arguments)
        #expect(outcome.ending == .exit(64))
        #expect(outcome.errors.contains(part), "\(outcome.errors)")
    }
}
