import Foundation
import TestSupport
import Testing

/// Chats with somebody who types.
@Suite struct RGEdgeChatTerminalTests {
    private let trial: ChatTrial

    init() throws { trial = try ChatTrial() }

    @Test func wordsAreNotCutOnATerminal() throws {
        let plain = try trial.chat(["Who was Moses?"], "-n", "200").text
        let chat = try trial.typedChat("-n", "200")
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
        let file = trial.folder.file("talk.rgs")
        let kept = try trial.chat(["Who was Moses?", "And Aaron?"], "--session", file)
        let words = kept.text.split(whereSeparator: \.isWhitespace)
        for keys in ["", "/load \"\(file)\"\r"] {
            let chat = keys.isEmpty ? try trial.typedChat("--session", file) : try trial.typedChat()
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
        let chat = try trial.typedChat("-n", "2")
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
        let chat = try trial.typedChat("-n", "12")
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
        let next = try trial.typedChat("-n", "12")
        try next.wait(for: "> ")
        next.type("\u{1B}[A\u{1B}[A")
        try next.wait(for: "> Who was Mosés!")
        next.type("\u{3}")
        try next.wait(for: "^C")
        next.type("\u{4}")
        #expect(try next.end().ending == .exit(0))
    }

    @Test func controlCStopsAnAnswerAndKeepsTheConversation() throws {
        let chat = try trial.typedChat("-n", "-1", "--temperature", "1", "--seed", "1")
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
        let chat = try trial.typedChat("-n", "1000", "--temperature", "1", "--seed", "1")
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
        let chat = try trial.typedChat("-n", "2")
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
        let chat = try trial.typedChat("-n", "12", terminal: "dumb")
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
        let chat = try trial.typedChat("-n", "2")
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
        let file = trial.folder.file("talk.rgs")
        let chat = try trial.typedChat("-n", "2", "-t", "1", "--kernels", "scalar", "--session", file)
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
        let file = trial.folder.file("talk.rgs")
        // At the prompt, and while an answer comes.
        for keys in ["Who was Moses?", "Who was Moses?\r"] {
            let chat = try trial.typedChat("--temperature", "1", "--session", file)
            try chat.wait(for: "> ")
            chat.type(keys)
            try chat.wait(for: keys.hasSuffix("\r") ? "\u{1B}[?2004l" : "Moses?")
            if keys.hasSuffix("\r") { try chat.wait(for: " ") }
            chat.send(signal)
            let (ending, text) = try chat.end()
            #expect(ending == .exit(128 + signal))
            #expect(text.contains("rg-edge: interrupted; the conversation is in \(file)"))
            #expect(chat.echoes)
            let kept = try trial.chat(["/stats"], "--session", file)
            #expect(try #require(trial.position(kept)) > (keys.hasSuffix("\r") ? 16 : -1))
        }
    }

    @Test func aConversationOutlivesItsTerminal() throws {
        let file = trial.folder.file("talk.rgs")
        do {
            let chat = try trial.typedChat("-n", "5", "--session", file)
            try chat.wait(for: "> ")
            chat.type("Who was Moses?\r")
            try chat.wait(for: "\u{1B}[?2004l")
            try chat.wait(for: "\u{1B}[?2004h")
            try chat.hangUp()
        }
        #expect(try #require(trial.position(trial.chat(["/stats"], "--session", file))) > 16)
    }

    @Test func controlZGivesTheTerminalBack() throws {
        let chat = try trial.typedChat("-n", "5")
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
