import Foundation
import ModelFile
import TestSupport
import Testing

/// Chats whose lines come from a pipe.
@Suite struct RGEdgeChatTests {
    private let trial: ChatTrial

    init() throws { trial = try ChatTrial() }

    @Test func answersGoToStandardOutputAndNothingElseDoes() throws {
        let outcome = try trial.chat(["Who was Moses?", "", "/stats", "And Aaron?"])
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count >= 2)
        #expect(!outcome.text.contains(">"))
        #expect(outcome.errors.hasPrefix("2") && outcome.errors.contains(" tokens in branch 1 of 1\nprompt: "))
        #expect(try trial.chat(["Who was Moses?"]).text == outcome.text.prefix(try trial.chat(["Who was Moses?"]).text.count))
        // Lines that nobody typed are not for a history.
        #expect(!FileManager.default.fileExists(atPath: trial.folder.file("state")))
    }

    @Test func instructionsBeginEachNewConversation() throws {
        let plain = try trial.chat(["Be brief.\\", "\\", "Who?", "And?", "/stats"])
        let outcome = try trial.chat(["Who?", "And?", "/stats"], "--system", "Be brief.")
        #expect(trial.position(outcome) == trial.position(plain) && outcome.text == plain.text)
        let again = try trial.chat(["What?", "/reset", "Who?", "And?", "/stats"], "-sys", "Be brief.")
        #expect(trial.position(again) == trial.position(plain) && again.text.hasSuffix(plain.text))
    }

    @Test func theLastTurnIsTakenBackAtOnce() throws {
        let plain = try trial.chat(["Who was Moses?", "And Aaron?", "/stats"])
        let undone = try trial.chat(["Who was Moses?", "What is a cow?", "/undo", "And Aaron?", "/stats"])
        #expect(
            undone.text.hasSuffix(plain.text.split(separator: "\n").last ?? "?") || undone.text.hasSuffix(plain.text.suffix(30)))
        #expect(undone.errors.contains("Took back \"What is a cow?\" and its answer."))
        #expect(trial.position(undone) == trial.position(plain))
        // Once only, unless more is asked for.
        let twice = ["Who was Moses?", "What is a cow?", "/undo", "/undo", "/stats"]
        #expect(try trial.chat(twice).errors.contains("There is nothing that can be taken back."))
        #expect(try trial.position(trial.chat(twice, "--undo", "2")) == 0)
        let never = try trial.chat(["a", "/undo", "/reset"], "--undo", "0")
        #expect(never.errors == "There is nothing that can be taken back.\nA new conversation.\n")
        #expect(try trial.chat(["/reset"]).errors == "A new conversation; /undo brings back the old one.\n")
    }

    @Test func aFailedAnswerIsTakenBackAndNothingElse() throws {
        let model = try sickModel(), file = trial.folder.file("talk.rgs")
        let failed = try trial.chat(["Who was Moses?", "/stats"], "--undo", "0", model: model)
        #expect(failed.ending == .exit(0))
        #expect(failed.errors.contains("numbers that are not finite"))
        #expect(trial.position(failed) == 0)
        // The ways back from before it are still there.
        let undone = try trial.chat(["/save \(file)", "/load \(file)", "Who was Moses?", "/undo"], model: model)
        #expect(undone.errors.contains("Took back loading \(file)."))
    }

    /// A model that fails at every answer, after it has read the question: the weights of its last norm are not numbers.
    private func sickModel() throws -> String {
        let path = trial.folder.file("sick.rgq")
        let options = ["--type", "f32", "--chat-template", "gemma", "--quiet"]
        #expect(try Command.rgQuant.run(["convert", Fixtures.tinyEnglish, "-o", path] + options).ending == .exit(0))
        let norm = try #require(ModelFile(path: path).tensor(named: "model.final_norm.weight"))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: UInt64(norm.offset))
        try handle.write(contentsOf: Data(repeating: 0xFF, count: norm.byteCount))
        try handle.close()
        return path
    }

    @Test func branchesAreIndependent() throws {
        let plain = try trial.chat(["Who was Moses?", "And Aaron?", "/stats"])
        let forked = try trial.chat([
            "Who was Moses?", "/fork", "What is a cow?", "/fork 1", "And Aaron?", "/stats", "/fork 3", "/fork 2", "/stats",
        ])
        #expect(forked.text.hasSuffix(plain.text.suffix(30)))
        #expect(forked.errors.contains("Branch 2 begins here"))
        #expect(forked.errors.contains("In branch 1, after "))
        #expect(forked.errors.contains("There is no branch 3, only 1 to 2."))
        #expect(forked.errors.contains("\(try #require(trial.position(plain))) tokens in branch 1 of 2"))
    }

    @Test func aConversationIsSavedLoadedAndReset() throws {
        let file = trial.folder.file("talk.rgs")
        let first = try trial.chat(["Who was Moses?", "/save \(file)", "And Aaron?"])
        #expect(first.errors.contains("tokens to \(file)."))
        let second = try trial.chat(["What is a cow?", "/load \(file)", "And Aaron?"])
        #expect(second.text.hasSuffix(first.text.suffix(30)))
        let reset = try trial.chat(["What is a cow?", "/reset", "Who was Moses?", "And Aaron?"])
        #expect(reset.text.hasSuffix(first.text))
        let back = try trial.chat(["Who was Moses?", "/reset", "/undo", "And Aaron?"])
        #expect(back.text == first.text)
        let loaded = try trial.chat(["Who was Moses?", "/load \(file)", "/undo", "/load /nowhere", "And Aaron?"])
        #expect(loaded.text == first.text)
        #expect(loaded.errors.contains("/nowhere: no such file"))
        let option = try trial.chat(["And Aaron?"], "--session", file)
        #expect(first.text.hasSuffix(option.text))
        #expect(try trial.chat(["/stats"], "--session", file).errors.contains("tokens in branch 1"))
        // Without a name, to the file of --session, though nobody ends the chat.
        let begun = trial.folder.file("begun.rgs")
        let kept = try trial.chat(["Who was Moses?", "/save", "/load \(begun)", "/stats"], "--session", begun)
        #expect(kept.errors.contains("tokens to \(begun).\nGoing on after "))
        #expect(
            try trial.chat(["/save"], "--session", file, "--session-read-only").errors.contains("/save needs the name of a file"))
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalWhileAnInstructionIsFollowedEndsTheChat(signal: Int32) throws {
        let pipe = try FullPipe()
        let running = try Command.rgEdge.start(
            ["chat", "-m", try ConvertedModel.chat(), "-n", "5"], environment: trial.environment,
            input: Array("/help\nWho was Moses?\n".utf8), errors: pipe.path)
        #expect(running.waitUntilItWaits(writingTo: STDERR_FILENO))
        running.send(signal)
        pipe.drain()
        let outcome = running.wait()
        #expect(outcome.ending == .exit(128 + signal))
        #expect(outcome.output == [])
    }

    @Test func aLineOfAPipeThatIsNotUTF8EndsTheChat() throws {
        let file = trial.folder.file("talk.rgs")
        let arguments = ["chat", "-m", try ConvertedModel.chat(), "-n", "5", "--session", file]
        for (input, line) in [("a\\\n\n?", 3), ("?\nhello\n", 1)] {
            let bytes = input.utf8.map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }
            let outcome = try Command.rgEdge.run(arguments, environment: trial.environment, input: bytes)
            #expect(outcome.ending == .exit(1))
            #expect(
                outcome.errors == """
                    rg-edge: standard input, line \(line): is not UTF-8 text; convert it, for example with iconv -t UTF-8

                    """)
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test func mistakesAreSaidAndTheChatGoesOn() throws {
        let outcome = try trial.chat(["/foo", "/save", "/undo 3", "/fork x", "/help", " /slash", "/quit", "never"])
        #expect(outcome.ending == .exit(0))
        for part in [
            "there is no /foo; /help lists", "/save needs the name of a file", "/undo takes nothing after it",
            "/fork takes the number",
            "/load FILE",
        ] { #expect(outcome.errors.contains(part)) }
        #expect(!outcome.text.isEmpty)
        let base = try trial.chat(["a"], model: try ConvertedModel.english())
        #expect(base.ending == .exit(1))
        #expect(base.errors.contains("a base model, which knows no conversations; let it go on with a text: rg-edge prompt"))
        #expect(try trial.chat(["a"], "--undo", "-1").ending == .exit(64))
    }

    @Test func linesCanBeJoined() throws {
        #expect(try trial.chat(["Who was\\", "Moses?"]).text == (try trial.chat(["Who was\\", "Moses?"]).text))
        #expect(
            try trial.position(trial.chat(["Who was\\", "Moses?", "/stats"]))
                != trial.position(trial.chat(["Who was", "Moses?", "/stats"])))
    }

    // MARK: - Instructions

    @Test func aRetryIsAnotherAnswerToTheSame() throws {
        let drawn = ["--temperature", "1", "--seed", "5"], next = ["--temperature", "1", "--seed", "6"]
        func chat(_ lines: [String], _ arguments: [String]) throws -> Command.Outcome {
            try Command.rgEdge.run(
                ["chat", "-m", ConvertedModel.chat(), "-n", "12"] + arguments, environment: trial.environment,
                input: Array(lines.map { $0 + "\n" }.joined().utf8))
        }
        let first = try chat(["Who was Moses?"], drawn).text, second = try chat(["Who was Moses?"], next).text
        #expect(first != second)
        let retried = try chat(["Who was Moses?", "/retry", "/stats"], drawn)
        #expect(retried.text == first + second)
        // The conversation is the one in which that was the only answer.
        let plain = try chat(["Who was Moses?", "And Aaron?", "/stats"], next)
        let goesOn = try chat(["Who was Moses?", "/retry", "And Aaron?", "/stats"], drawn)
        #expect(goesOn.text == first + plain.text && trial.position(goesOn) == trial.position(plain))
        // It can be taken back, and so can what came before.
        let undone = try chat(["What is a cow?", "Who was Moses?", "/retry", "/undo", "/undo", "/stats"], drawn + ["--undo", "2"])
        #expect(trial.position(undone) == 0 && undone.errors.contains("Took back \"Who was Moses?\" and its answer."))
    }

    @Test func aRetryThatWouldBeTheSameIsNone() throws {
        let plain = try trial.chat(["Who was Moses?"])
        let same = try trial.chat(["Who was Moses?", "/retry"])
        #expect(same.text == plain.text)
        #expect(same.errors == "It would be the same answer: the temperature is 0 (/set temperature 0.8 changes that).\n")
        let longer = try trial.chat(["Who was Moses?", "/set max-tokens 20", "/retry"])
        #expect(longer.text.hasPrefix(plain.text + plain.text.dropLast()) && longer.text.count > 2 * plain.text.count)
        #expect(try trial.chat(["/retry"]).errors == "there is no answer to take back; /retry comes after one.\n")
        #expect(
            try trial.chat(["a", "/clear", "/retry"]).errors.hasSuffix("there is no answer to take back; /retry comes after one.\n")
        )
        #expect(try trial.chat(["a", "/retry"], "--undo", "0").errors.contains("which --undo 0 rules out"))
    }

    @Test func instructionsCanBeGivenAtAnyTime() throws {
        let plain = try trial.chat(["Who?", "And?", "/stats"], "--system", "Be brief.")
        let given = try trial.chat(["/system Be brief.", "Who?", "And?", "/stats"])
        #expect(given.text == plain.text && trial.position(given) == trial.position(plain))
        #expect(given.errors.hasPrefix("Your first line will begin with these instructions.\n"))
        // Amid a conversation they go before the next line, and nothing else.
        let folded = try trial.chat(["Who?", "Be brief.\\", "\\", "And?", "More?", "/stats"])
        let amid = try trial.chat(["Who?", "/system Be brief.", "And?", "More?", "/stats"])
        #expect(amid.text == folded.text && trial.position(amid) == trial.position(folded))
        // A line that is taken back takes them back to before it.
        let undone = try trial.chat(["Who?", "/system Be brief.", "And?", "/undo", "And?", "More?", "/stats"])
        #expect(trial.position(undone) == trial.position(folded))
        // Those that were given after it stay, also in another branch and after another conversation was loaded.
        let kept = try trial.chat(["Who?", "What?", "/system Be brief.", "/undo", "And?", "More?", "/stats"])
        #expect(trial.position(kept) == trial.position(folded))
        let branched = try trial.chat(["Who?", "/fork", "/system Be brief.", "/fork 1", "And?", "More?", "/stats"])
        #expect(trial.position(branched) == trial.position(folded))
        let file = trial.folder.file("kept.rgs")
        let loaded = try trial.chat(["Who?", "/save \(file)", "/system Be brief.", "/load \(file)", "And?", "More?", "/stats"])
        #expect(trial.position(loaded) == trial.position(folded))
        let cleared = try trial.chat(["What?", "/system Be brief.", "/clear", "Who?", "And?", "/stats"])
        #expect(trial.position(cleared) == trial.position(plain) && cleared.text.hasSuffix(plain.text))
        let none = try trial.chat(["/system Be brief.", "/system", "/system \"\"", "/system", "Who?", "And?", "/stats"])
        #expect(try none.text == trial.chat(["Who?", "And?"]).text)
        #expect(none.errors.contains("\nBe brief.\nNo instructions.\nThere are no instructions; /system TEXT gives some.\n"))
    }

    @Test func theConversationCanBeSeen() throws {
        let answer = try trial.chat(["Who was Moses?"]).text
        let seen = try trial.chat(["/history", "Who was Moses?", "And Aaron?", "/history", "/history 1"])
        let second = seen.text.dropFirst(answer.count).split(separator: "\n", omittingEmptySubsequences: false).joined(
            separator: "\n")
        func trimmed(_ text: some StringProtocol) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
        let turns = ["> Who was Moses?", trimmed(answer), "> And Aaron?", trimmed(second)]
        #expect(seen.errors == (["Nothing was said yet."] + turns + turns[2...]).joined(separator: "\n") + "\n")
        let file = trial.folder.file("my talk.rgs")
        let kept = try trial.chat(["Who was Moses?", "/save \"\(file)\"", "/clear", "/load \(file)", "/history"])
        #expect(kept.errors.hasSuffix(turns[..<2].joined(separator: "\n") + "\n"))
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test func answersAreDrawnUnlessSomebodySaysOtherwise() throws {
        func settings(_ arguments: String..., model: String? = nil) throws -> String {
            let all = ["chat", "-m", try model ?? ConvertedModel.chat()] + arguments
            let outcome = try Command.rgEdge.run(all, environment: trial.environment, input: Array("/set\n".utf8))
            let lines = outcome.errors.split(separator: "\n").map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
            return lines.prefix(4).joined(separator: ", ")
        }
        #expect(try settings() == "temperature 0.8, top-k 40, top-p 0.95, min-p 0.05")
        #expect(try settings("--temperature", "0") == "temperature 0.0, top-k 40, top-p 0.95, min-p 0.05")
        #expect(try settings("--top-k", "5", "--seed", "3") == "temperature 0.8, top-k 5, top-p 0.95, min-p 0.05")
        let published = try publishedModel(#"{"do_sample": true, "temperature": 0.5, "top_p": 0.9, "eos_token_id": 1}"#)
        #expect(try settings(model: published) == "temperature 0.5, top-k 50, top-p 0.9, min-p 0.0")
        #expect(try settings("--top-p", "1", model: published) == "temperature 0.5, top-k 50, top-p 1.0, min-p 0.0")
        let greedy = try publishedModel(#"{"do_sample": false}"#)
        #expect(try settings(model: greedy) == "temperature 0.0, top-k 0, top-p 1.0, min-p 0.0")
        // A prompt has the likeliest answer all the same.
        let answers = try [published, ConvertedModel.chat()].map {
            try Command.rgEdge.run("prompt", "-m", $0, "-n", "5", "Who?").text
        }
        #expect(answers[0] == answers[1])
    }

    /// The model of the tests from a folder with a `generation_config.json`.
    private func publishedModel(_ generation: String) throws -> String {
        let source = try TemporaryFolder(), path = trial.folder.file("published.rgq")
        for name in ["config.json", "tokenizer.model", "model.safetensors"] {
            try FileManager.default.createSymbolicLink(
                atPath: source.file(name), withDestinationPath: Fixtures.tinyEnglish + "/" + name)
        }
        try source.write(Array(generation.utf8), to: "generation_config.json")
        let options = ["--type", "q8", "--chat-template", "gemma", "--quiet"]
        #expect(try Command.rgQuant.run(["convert", source.path, "-o", path] + options).ending == .exit(0))
        return path
    }
}
