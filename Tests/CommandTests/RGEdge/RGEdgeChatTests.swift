import Foundation
import ModelFile
import TestSupport
import Testing

@Suite struct RGEdgeChatTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var environment: [String: String] { ["XDG_STATE_HOME": folder.file("state")] }

    /// A chat whose lines come from a pipe, with the likeliest answers.
    private func chat(_ lines: [String], _ arguments: String..., model: String? = nil) throws -> Command.Outcome {
        try Command.rgEdge.run(
            ["chat", "-m", try model ?? ConvertedModel.chat(), "-n", "12", "--temperature", "0"] + arguments,
            environment: environment,
            input: Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// A chat with somebody who types.
    private func typedChat(_ arguments: String..., terminal: String = "xterm") throws -> TerminalCommand {
        let all = ["-m", try ConvertedModel.chat(), "--temperature", "0"] + arguments
        return try TerminalCommand(.rgEdge, arguments: ["chat"] + all, environment: environment, terminal: terminal)
    }

    // MARK: - From a pipe

    @Test func answersGoToStandardOutputAndNothingElseDoes() throws {
        let outcome = try chat(["Who was Moses?", "", "/stats", "And Aaron?"])
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count >= 2)
        #expect(!outcome.text.contains(">"))
        #expect(outcome.errors.hasPrefix("2") && outcome.errors.contains(" tokens in branch 1 of 1\nprompt: "))
        #expect(try chat(["Who was Moses?"]).text == outcome.text.prefix(try chat(["Who was Moses?"]).text.count))
        // Lines that nobody typed are not for a history.
        #expect(!FileManager.default.fileExists(atPath: folder.file("state")))
    }

    @Test func instructionsBeginEachNewConversation() throws {
        let plain = try chat(["Be brief.\\", "\\", "Who?", "And?", "/stats"])
        let outcome = try chat(["Who?", "And?", "/stats"], "--system", "Be brief.")
        #expect(position(outcome) == position(plain) && outcome.text == plain.text)
        let again = try chat(["What?", "/reset", "Who?", "And?", "/stats"], "-sys", "Be brief.")
        #expect(position(again) == position(plain) && again.text.hasSuffix(plain.text))
    }

    @Test func theLastTurnIsTakenBackAtOnce() throws {
        let plain = try chat(["Who was Moses?", "And Aaron?", "/stats"])
        let undone = try chat(["Who was Moses?", "What is a cow?", "/undo", "And Aaron?", "/stats"])
        #expect(
            undone.text.hasSuffix(plain.text.split(separator: "\n").last ?? "?") || undone.text.hasSuffix(plain.text.suffix(30)))
        #expect(undone.errors.contains("Took back \"What is a cow?\" and its answer."))
        #expect(position(undone) == position(plain))
        // Once only, unless more is asked for.
        let twice = ["Who was Moses?", "What is a cow?", "/undo", "/undo", "/stats"]
        #expect(try chat(twice).errors.contains("There is nothing that can be taken back."))
        #expect(try position(chat(twice, "--undo", "2")) == 0)
        let never = try chat(["a", "/undo", "/reset"], "--undo", "0")
        #expect(never.errors == "There is nothing that can be taken back.\nA new conversation.\n")
        #expect(try chat(["/reset"]).errors == "A new conversation; /undo brings back the old one.\n")
    }

    @Test func aFailedAnswerIsTakenBackAndNothingElse() throws {
        let model = try sickModel(), file = folder.file("talk.rgs")
        let failed = try chat(["Who was Moses?", "/stats"], "--undo", "0", model: model)
        #expect(failed.ending == .exit(0))
        #expect(failed.errors.contains("numbers that are not finite"))
        #expect(position(failed) == 0)
        // The ways back from before it are still there.
        let undone = try chat(["/save \(file)", "/load \(file)", "Who was Moses?", "/undo"], model: model)
        #expect(undone.errors.contains("Took back loading \(file)."))
    }

    /// A model that fails at every answer, after it has read the question: the weights of its last norm are not numbers.
    private func sickModel() throws -> String {
        let path = folder.file("sick.rgq")
        let options = ["--type", "f32", "--chat-template", "gemma", "--quiet"]
        #expect(try Command.rgQuant.run(["convert", Fixtures.tinyEnglish, "-o", path] + options).ending == .exit(0))
        let norm = try #require(ModelFile(path: path).tensor(named: "model.final_norm.weight"))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: UInt64(norm.offset))
        try handle.write(contentsOf: Data(repeating: 0xFF, count: norm.byteCount))
        try handle.close()
        return path
    }

    /// The position that the last /stats said.
    private func position(_ outcome: Command.Outcome) -> Int? {
        outcome.errors.matches(of: /(\d+) tokens in branch/).last.flatMap { Int($0.1) }
    }

    @Test func branchesAreIndependent() throws {
        let plain = try chat(["Who was Moses?", "And Aaron?", "/stats"])
        let forked = try chat([
            "Who was Moses?", "/fork", "What is a cow?", "/fork 1", "And Aaron?", "/stats", "/fork 3", "/fork 2", "/stats",
        ])
        #expect(forked.text.hasSuffix(plain.text.suffix(30)))
        #expect(forked.errors.contains("Branch 2 begins here"))
        #expect(forked.errors.contains("In branch 1, after "))
        #expect(forked.errors.contains("There is no branch 3, only 1 to 2."))
        #expect(forked.errors.contains("\(try #require(position(plain))) tokens in branch 1 of 2"))
    }

    @Test func aConversationIsSavedLoadedAndReset() throws {
        let file = folder.file("talk.rgs")
        let first = try chat(["Who was Moses?", "/save \(file)", "And Aaron?"])
        #expect(first.errors.contains("tokens to \(file)."))
        let second = try chat(["What is a cow?", "/load \(file)", "And Aaron?"])
        #expect(second.text.hasSuffix(first.text.suffix(30)))
        let reset = try chat(["What is a cow?", "/reset", "Who was Moses?", "And Aaron?"])
        #expect(reset.text.hasSuffix(first.text))
        let back = try chat(["Who was Moses?", "/reset", "/undo", "And Aaron?"])
        #expect(back.text == first.text)
        let loaded = try chat(["Who was Moses?", "/load \(file)", "/undo", "/load /nowhere", "And Aaron?"])
        #expect(loaded.text == first.text)
        #expect(loaded.errors.contains("/nowhere: no such file"))
        let option = try chat(["And Aaron?"], "--session", file)
        #expect(first.text.hasSuffix(option.text))
        #expect(try chat(["/stats"], "--session", file).errors.contains("tokens in branch 1"))
        // Without a name, to the file of --session, though nobody ends the chat.
        let begun = folder.file("begun.rgs")
        let kept = try chat(["Who was Moses?", "/save", "/load \(begun)", "/stats"], "--session", begun)
        #expect(kept.errors.contains("tokens to \(begun).\nGoing on after "))
        #expect(try chat(["/save"], "--session", file, "--session-read-only").errors.contains("/save needs the name of a file"))
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalWhileAnInstructionIsFollowedEndsTheChat(signal: Int32) throws {
        let pipe = try FullPipe()
        let running = try Command.rgEdge.start(
            ["chat", "-m", try ConvertedModel.chat(), "-n", "5"], environment: environment,
            input: Array("/help\nWho was Moses?\n".utf8), errors: pipe.path)
        #expect(running.waitUntilItWaits(writingTo: STDERR_FILENO))
        running.send(signal)
        pipe.drain()
        let outcome = running.wait()
        #expect(outcome.ending == .exit(128 + signal))
        #expect(outcome.output == [])
    }

    @Test func aLineOfAPipeThatIsNotUTF8EndsTheChat() throws {
        let file = folder.file("talk.rgs")
        let arguments = ["chat", "-m", try ConvertedModel.chat(), "-n", "5", "--session", file]
        for (input, line) in [("a\\\n\n?", 3), ("?\nhello\n", 1)] {
            let bytes = input.utf8.map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }
            let outcome = try Command.rgEdge.run(arguments, environment: environment, input: bytes)
            #expect(outcome.ending == .exit(1))
            #expect(
                outcome.errors == """
                    rg-edge: standard input, line \(line): is not UTF-8 text; convert it, for example with iconv -t UTF-8

                    """)
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test func mistakesAreSaidAndTheChatGoesOn() throws {
        let outcome = try chat(["/foo", "/save", "/undo 3", "/fork x", "/help", " /slash", "/quit", "never"])
        #expect(outcome.ending == .exit(0))
        for part in [
            "there is no /foo; /help lists", "/save needs the name of a file", "/undo takes nothing after it",
            "/fork takes the number",
            "/load FILE",
        ] { #expect(outcome.errors.contains(part)) }
        #expect(!outcome.text.isEmpty)
        let base = try chat(["a"], model: try ConvertedModel.english())
        #expect(base.ending == .exit(1))
        #expect(base.errors.contains("a base model, which knows no conversations; let it go on with a text: rg-edge prompt"))
        #expect(try chat(["a"], "--undo", "-1").ending == .exit(64))
    }

    @Test func linesCanBeJoined() throws {
        #expect(try chat(["Who was\\", "Moses?"]).text == (try chat(["Who was\\", "Moses?"]).text))
        #expect(try position(chat(["Who was\\", "Moses?", "/stats"])) != position(chat(["Who was", "Moses?", "/stats"])))
    }

    // MARK: - Instructions

    @Test func aRetryIsAnotherAnswerToTheSame() throws {
        let drawn = ["--temperature", "1", "--seed", "5"], next = ["--temperature", "1", "--seed", "6"]
        func chat(_ lines: [String], _ arguments: [String]) throws -> Command.Outcome {
            try Command.rgEdge.run(
                ["chat", "-m", ConvertedModel.chat(), "-n", "12"] + arguments, environment: environment,
                input: Array(lines.map { $0 + "\n" }.joined().utf8))
        }
        let first = try chat(["Who was Moses?"], drawn).text, second = try chat(["Who was Moses?"], next).text
        #expect(first != second)
        let retried = try chat(["Who was Moses?", "/retry", "/stats"], drawn)
        #expect(retried.text == first + second)
        // The conversation is the one in which that was the only answer.
        let plain = try chat(["Who was Moses?", "And Aaron?", "/stats"], next)
        let goesOn = try chat(["Who was Moses?", "/retry", "And Aaron?", "/stats"], drawn)
        #expect(goesOn.text == first + plain.text && position(goesOn) == position(plain))
        // It can be taken back, and so can what came before.
        let undone = try chat(["What is a cow?", "Who was Moses?", "/retry", "/undo", "/undo", "/stats"], drawn + ["--undo", "2"])
        #expect(position(undone) == 0 && undone.errors.contains("Took back \"Who was Moses?\" and its answer."))
    }

    @Test func aRetryThatWouldBeTheSameIsNone() throws {
        let plain = try chat(["Who was Moses?"])
        let same = try chat(["Who was Moses?", "/retry"])
        #expect(same.text == plain.text)
        #expect(same.errors == "It would be the same answer: the temperature is 0 (/set temperature 0.8 changes that).\n")
        let longer = try chat(["Who was Moses?", "/set max-tokens 20", "/retry"])
        #expect(longer.text.hasPrefix(plain.text + plain.text.dropLast()) && longer.text.count > 2 * plain.text.count)
        #expect(try chat(["/retry"]).errors == "there is no answer to take back; /retry comes after one.\n")
        #expect(try chat(["a", "/clear", "/retry"]).errors.hasSuffix("there is no answer to take back; /retry comes after one.\n"))
        #expect(try chat(["a", "/retry"], "--undo", "0").errors.contains("which --undo 0 rules out"))
    }

    @Test func instructionsCanBeGivenAtAnyTime() throws {
        let plain = try chat(["Who?", "And?", "/stats"], "--system", "Be brief.")
        let given = try chat(["/system Be brief.", "Who?", "And?", "/stats"])
        #expect(given.text == plain.text && position(given) == position(plain))
        #expect(given.errors.hasPrefix("Your first line will begin with these instructions.\n"))
        // Amid a conversation they go before the next line, and nothing else.
        let folded = try chat(["Who?", "Be brief.\\", "\\", "And?", "More?", "/stats"])
        let amid = try chat(["Who?", "/system Be brief.", "And?", "More?", "/stats"])
        #expect(amid.text == folded.text && position(amid) == position(folded))
        // A line that is taken back takes them back to before it.
        let undone = try chat(["Who?", "/system Be brief.", "And?", "/undo", "And?", "More?", "/stats"])
        #expect(position(undone) == position(folded))
        // Those that were given after it stay, also in another branch and after another conversation was loaded.
        let kept = try chat(["Who?", "What?", "/system Be brief.", "/undo", "And?", "More?", "/stats"])
        #expect(position(kept) == position(folded))
        let branched = try chat(["Who?", "/fork", "/system Be brief.", "/fork 1", "And?", "More?", "/stats"])
        #expect(position(branched) == position(folded))
        let file = folder.file("kept.rgs")
        let loaded = try chat(["Who?", "/save \(file)", "/system Be brief.", "/load \(file)", "And?", "More?", "/stats"])
        #expect(position(loaded) == position(folded))
        let cleared = try chat(["What?", "/system Be brief.", "/clear", "Who?", "And?", "/stats"])
        #expect(position(cleared) == position(plain) && cleared.text.hasSuffix(plain.text))
        let none = try chat(["/system Be brief.", "/system", "/system \"\"", "/system", "Who?", "And?", "/stats"])
        #expect(try none.text == chat(["Who?", "And?"]).text)
        #expect(none.errors.contains("\nBe brief.\nNo instructions.\nThere are no instructions; /system TEXT gives some.\n"))
    }

    @Test func theConversationCanBeSeen() throws {
        let answer = try chat(["Who was Moses?"]).text
        let seen = try chat(["/history", "Who was Moses?", "And Aaron?", "/history", "/history 1"])
        let second = seen.text.dropFirst(answer.count).split(separator: "\n", omittingEmptySubsequences: false).joined(
            separator: "\n")
        func trimmed(_ text: some StringProtocol) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
        let turns = ["> Who was Moses?", trimmed(answer), "> And Aaron?", trimmed(second)]
        #expect(seen.errors == (["Nothing was said yet."] + turns + turns[2...]).joined(separator: "\n") + "\n")
        let file = folder.file("my talk.rgs")
        let kept = try chat(["Who was Moses?", "/save \"\(file)\"", "/clear", "/load \(file)", "/history"])
        #expect(kept.errors.hasSuffix(turns[..<2].joined(separator: "\n") + "\n"))
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test func answersAreDrawnUnlessSomebodySaysOtherwise() throws {
        func settings(_ arguments: String..., model: String? = nil) throws -> String {
            let all = ["chat", "-m", try model ?? ConvertedModel.chat()] + arguments
            let outcome = try Command.rgEdge.run(all, environment: environment, input: Array("/set\n".utf8))
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
        let source = try TemporaryFolder(), path = folder.file("published.rgq")
        for name in ["config.json", "tokenizer.model", "model.safetensors"] {
            try FileManager.default.createSymbolicLink(
                atPath: source.file(name), withDestinationPath: Fixtures.tinyEnglish + "/" + name)
        }
        try source.write(Array(generation.utf8), to: "generation_config.json")
        let options = ["--type", "q8", "--chat-template", "gemma", "--quiet"]
        #expect(try Command.rgQuant.run(["convert", source.path, "-o", path] + options).ending == .exit(0))
        return path
    }

    // MARK: - On a terminal

    @Test func wordsAreNotCutOnATerminal() throws {
        let plain = try chat(["Who was Moses?"], "-n", "200").text
        let chat = try typedChat("-n", "200")
        chat.resize(columns: 30)
        try chat.wait(for: "> ")
        chat.type("Who was Moses?\r")
        try chat.wait(for: "\u{1B}[?2004l")
        let shown = try chat.wait(for: "\u{1B}[?2004h").replacingOccurrences(of: "\u{1B}[?2004h", with: "")
        chat.type("\u{4}")
        #expect(try chat.end().ending == .exit(0))
        // What was erased and shown again on the next line.
        let text = shown.replacing(/[^ \r\n]*\r\u{1B}\[\d+C\u{1B}\[K/, with: "")
        let lines = text.components(separatedBy: "\r\n")
        #expect(lines.count > plain.count / 30 && lines.allSatisfy { $0.count < 30 }, "\(lines)")
        #expect(text.split(whereSeparator: \.isWhitespace) == plain.split(whereSeparator: \.isWhitespace))
    }

    @Test func aConversationThatIsGoneOnWithShowsItsLastTurn() throws {
        let file = folder.file("talk.rgs")
        let kept = try chat(["Who was Moses?", "And Aaron?"], "--session", file)
        let words = kept.text.split(whereSeparator: \.isWhitespace)
        for keys in ["", "/load \"\(file)\"\r"] {
            let chat = keys.isEmpty ? try typedChat("--session", file) : try typedChat()
            if !keys.isEmpty { try chat.wait(for: "> ") }
            chat.type(keys)
            let shown = try chat.wait(for: "Going on after ")
            #expect(shown.contains("> And Aaron?\r\n") && !shown.contains("Who was Moses?"))
            #expect(shown.split(whereSeparator: \.isWhitespace).dropLast(3).suffix(3) == words.suffix(3), "\(shown)")
            try chat.wait(for: "> ")
            chat.type("\u{4}")
            #expect(try chat.end().ending == .exit(0))
        }
    }

    @Test func linesAreSearchedAndCompletedOnATerminal() throws {
        let chat = try typedChat("-n", "2")
        try chat.wait(for: "> ")
        chat.type("Who was Moses?\r")
        try chat.wait(for: "\u{1B}[?2004l")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("\u{12}Mos")
        try chat.wait(for: "search 'Mos': Who was Moses?")
        // Esc alone.
        chat.type("\u{1B}")
        try chat.wait(for: "> Who was Moses?")
        // The cursor is where the text was found.
        chat.type("\u{5}\u{15}/st\t")
        try chat.wait(for: "> /stats ")
        chat.type("\u{15}/s\t")
        try chat.wait(for: "\r\nsave    set     stats   system\r\n")
        try chat.wait(for: "> /s")
        chat.type("et te\t0\r")
        try chat.wait(for: "temperature 0.0\r\n")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("\u{12}Who\r")
        try chat.wait(for: "> Who was Moses?\r\n")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("/bye\r")
        #expect(try chat.end().ending == .exit(0))
    }

    @Test func linesAreEditedOnATerminal() throws {
        let chat = try typedChat("-n", "12")
        try chat.wait(for: "Ctrl-D ends.")
        try chat.wait(for: "> ")
        // "Xho was Mosés?" mended.
        chat.type("Xho was Moés?\u{1B}[D\u{1B}[D\u{1B}[Ds\u{1}\u{1B}[3~W\u{5}\u{7F}!\r")
        try chat.wait(for: "> Who was Mosés!")
        let answer = try chat.wait(for: "\u{1B}[?2004h")
        #expect(answer.count > 20)
        // The line before, by the arrow.
        chat.type("\u{1B}[A")
        try chat.wait(for: "> Who was Mosés!")
        chat.type("\u{15}/quit\r")
        let (ending, _) = try chat.end()
        #expect(ending == .exit(0))

        // Another run remembers.
        let next = try typedChat("-n", "12")
        try next.wait(for: "> ")
        next.type("\u{1B}[A\u{1B}[A")
        try next.wait(for: "> Who was Mosés!")
        next.type("\u{3}")
        try next.wait(for: "^C")
        next.type("\u{4}")
        #expect(try next.end().ending == .exit(0))
    }

    @Test func controlCStopsAnAnswerAndKeepsTheConversation() throws {
        let chat = try typedChat("-n", "-1", "--temperature", "1", "--seed", "1")
        try chat.wait(for: "> ")
        chat.type("Who was Moses?\r")
        try chat.wait(for: "\u{1B}[?2004l")
        try chat.wait(for: " ")
        chat.type("\u{3}")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("/stats\r")
        let stats = try chat.wait(for: " tokens in branch 1 of 1")
        let count = try #require(stats.firstMatch(of: /(\d+) tokens in branch/).flatMap { Int($0.1) })
        #expect(count > 16, "the prompt and what was shown")
        chat.type("And Aaron?\r")
        try chat.wait(for: "\u{1B}[?2004l")
        try chat.wait(for: " ")
        chat.type("\u{3}")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("\u{4}")
        #expect(try chat.end().ending == .exit(0))
    }

    @Test func controlDDuringAnAnswerEndsTheChatAfterIt() throws {
        let chat = try typedChat("-n", "1000", "--temperature", "1", "--seed", "1")
        try chat.wait(for: "> ")
        chat.type("Who was Moses?\r")
        try chat.wait(for: "\u{1B}[?2004l")
        try chat.wait(for: " ")
        chat.type("\u{4}")
        #expect(try chat.end().ending == .exit(0))
        #expect(chat.echoes)
        #expect(chat.endKey == 4)
    }

    @Test func aNarrowerTerminalShowsTheLineOnce() throws {
        let chat = try typedChat("-n", "2")
        try chat.wait(for: "> ")
        chat.type("Who was it that led them out of the land of Egypt, and where to?")
        try chat.wait(for: "where to?")
        /// The terminal gets another width, is asked where its cursor stands, and gives an answer; then the line is drawn.
        func resize(to columns: UInt16, answer: String, drawn text: String) throws {
            chat.resize(columns: columns)
            try chat.wait(for: "\u{1B}[6n")
            chat.type(answer)
            try chat.wait(for: text)
        }
        // The cursor stands in column 66. A terminal that wraps the row into two puts it into column 26 of the second.
        try resize(to: 40, answer: "\u{1B}[9;27R", drawn: "\r\u{1B}[J\u{1B}[A\u{1B}[K\r> ")
        let line = try chat.wait(for: "\u{1B}[K")
        #expect(line.hasSuffix("and where to?\u{1B}[K"))
        #expect(line.count < "\u{1B}[K".count + 40 - "> ".count)
        // One that cuts it leaves the cursor in the last column, and what is above alone.
        try resize(to: 30, answer: "\u{1B}[9;30R", drawn: "\r\u{1B}[J\r> ")
        // One that doesn't answer shows it at the next key.
        try resize(to: 80, answer: "?", drawn: "\r> Who was it that led them out of the land of Egypt, and where to??")
        chat.type("\u{3}\u{4}")
        #expect(try chat.end().ending == .exit(0))
    }

    @Test func aDumbTerminalGetsNoEscapeSequences() throws {
        let chat = try typedChat("-n", "12", terminal: "dumb")
        var all = try chat.wait(for: "> ")
        chat.type("Who was Moses?\r")
        all += try chat.wait(for: "\n> ")
        // Typed as soon as the prompt shows: Ctrl-C may come before the line is waited for.
        for _ in 0..<30 {
            chat.type("dropped\u{3}")
            all += try chat.wait(for: "^C\r\n> ")
        }
        chat.type("\u{4}")
        let (ending, rest) = try chat.end()
        #expect(ending == .exit(0))
        #expect(rest == "\r\n")
        #expect(!all.contains("\u{1B}"))
    }

    @Test func theWholeLineStaysOnTheScreen() throws {
        let chat = try typedChat("-n", "2")
        try chat.wait(for: "> ")
        let words = (1...40).map { "word\($0)" }.joined(separator: " ")
        chat.type("\u{1B}[200~\(words)\rand another line\u{1B}[201~")
        try chat.wait(for: "⏎and another line")
        chat.type("\r")
        try chat.wait(for: "> \(words)\r\nand another line\r\n")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("\u{4}")
        #expect(try chat.end().ending == .exit(0))
    }

    @Test func controlCDoesNotWaitForALongPrompt() throws {
        let file = folder.file("talk.rgs")
        let chat = try typedChat("-n", "2", "-t", "1", "--kernels", "scalar", "--session", file)
        try chat.wait(for: "> ")
        chat.type("\u{1B}[200~" + String(repeating: "And it came to pass, ", count: 8000) + "\u{1B}[201~\r")
        try chat.wait(for: "\r\n")
        try chat.wait(for: "\u{1B}[?2004l")
        // Twice, as one does.
        chat.type("\u{3}")
        chat.type("\u{3}")
        try chat.wait(for: "Stopped before it was read; it is not part of the conversation.")
        chat.type("/stats\r")
        #expect(try chat.wait(for: " tokens in branch 1 of 1").hasSuffix("\u{1B}[?2004l0 tokens in branch 1 of 1"))
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("\u{4}")
        #expect(try chat.end().ending == .exit(0))
    }

    @Test(arguments: [SIGTERM, SIGHUP])
    func aSignalLeavesTheTerminalAsItWasAndKeepsTheConversation(signal: Int32) throws {
        let file = folder.file("talk.rgs")
        // At the prompt, and while an answer comes.
        for keys in ["Who was Moses?", "Who was Moses?\r"] {
            let chat = try typedChat("--temperature", "1", "--session", file)
            try chat.wait(for: "> ")
            chat.type(keys)
            try chat.wait(for: keys.hasSuffix("\r") ? "\u{1B}[?2004l" : "Moses?")
            if keys.hasSuffix("\r") { try chat.wait(for: " ") }
            chat.send(signal)
            let (ending, text) = try chat.end()
            #expect(ending == .exit(128 + signal))
            #expect(text.contains("rg-edge: interrupted; the conversation is in \(file)"))
            #expect(chat.echoes)
            let kept = try self.chat(["/stats"], "--session", file)
            #expect(try #require(position(kept)) > (keys.hasSuffix("\r") ? 16 : -1))
        }
    }

    @Test func aConversationOutlivesItsTerminal() throws {
        let file = folder.file("talk.rgs")
        do {
            let chat = try typedChat("-n", "5", "--session", file)
            try chat.wait(for: "> ")
            chat.type("Who was Moses?\r")
            try chat.wait(for: "\u{1B}[?2004l")
            try chat.wait(for: "\u{1B}[?2004h")
            try chat.hangUp()
        }
        #expect(try #require(position(chat(["/stats"], "--session", file))) > 16)
    }

    @Test func controlZGivesTheTerminalBack() throws {
        let chat = try typedChat("-n", "5")
        try chat.wait(for: "> ")
        chat.type("Who was\u{1A}")
        // The leader of a session has nobody to wake it, so that the system doesn't stop it; the line goes on.
        try chat.wait(for: "Who was^Z\r\n\u{1B}[?2004l")
        try chat.wait(for: "> Who was")
        chat.type(" Moses?\r")
        try chat.wait(for: "> Who was Moses?\r\n")
        try chat.wait(for: "\u{1B}[?2004h")
        chat.type("\u{4}")
        #expect(try chat.end().ending == .exit(0))
    }
}
