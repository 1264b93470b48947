import Foundation
import System
import Testing
import TestSupport

/// Text that would command a terminal reaches none, except the program's own; files and pipes get text as it is.
@Suite struct TerminalTextTests {
    /// A title for the window, in C0 and in C1, and text from right to left.
    private static let hostile = "\u{1B}]0;pwn\u{7}\u{9D}0;pwn\u{9C}\u{202E}\u{2067}"
    private static let shown = #"\u{1B}]0;pwn\u{07}\u{009D}0;pwn\u{009C}\u{202E}\u{2067}"#

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A model under a hostile name.
    private func hostileModel() throws -> String {
        let path = folder.file("a" + Self.hostile)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: ConvertedModel.chat())
        return path
    }

    /// What a terminal shows of a command until its end.
    private func screen(_ command: Command, _ arguments: String..., keys: String = "") throws -> String {
        let terminal = try TerminalCommand(
            command, arguments: arguments, environment: ["XDG_STATE_HOME": folder.file("state")], terminal: "dumb")
        terminal.type(keys)
        return try terminal.end().text
    }

    /// True if a terminal does nothing but show a text.
    private func isHarmless(_ text: String) -> Bool {
        let allowed: Set<Unicode.Scalar> = ["\n", "\r", "\t"]
        return text.unicodeScalars.allSatisfy { allowed.contains($0) || !$0.isCommand }
    }

    @Test func controlsAreEscapedAndAllElseStays() {
        #expect(Self.hostile.onOneLine == Self.shown)
        #expect(Self.hostile.harmless == Self.shown)
        #expect("a\nb\tc\rd\u{2028}".onOneLine == #"a\nb\tc\rd\u{2028}"#)
        #expect("a\nb\tc\rd\u{2028}".harmless == "a\nb\tc\\rd\u{2028}")
        let text = "é 👨\u{200D}👩\u{200D}👧 می\u{200C}خواهم עברית\u{200F} \u{7E}\u{A0}"
        #expect(text.onOneLine == text && text.harmless == text)
        // Half of a sequence is as harmless as the whole.
        #expect("\u{1B}".harmless + "[2J".harmless == #"\u{1B}[2J"#)
    }

    @Test func notesOfAChatDontCommandTheTerminal() throws {
        let keys = ["/load \(Self.hostile)", "/save /nowhere/\(Self.hostile)", "/\(Self.hostile)", "/fork \u{1B}[2J", "/quit"]
        let screen = try screen(.rgEdge, "chat", "-m", ConvertedModel.chat(), keys: keys.map { $0 + "\n" }.joined())
        #expect(screen.contains("\(Self.shown): no such file; check the path.\r\n"))
        #expect(screen.contains("there is no /\(Self.shown);"))
        // The terminal's own echo shows ^[ for an escape, but C1 and the other marks as they were typed.
        #expect(!screen.contains("\u{1B}"))
        let notes = screen.components(separatedBy: "\r\n").filter { $0.contains("no such") || $0.contains("there is no") }
        #expect(notes.count >= 2 && notes.allSatisfy(isHarmless))
    }

    @Test func namesOfFilesDontCommandTheTerminal() throws {
        let model = try hostileModel(), none = model + "none"
        for (command, arguments) in [
            (Command.rgEdge, ["info", model]), (.rgEdge, ["info", "--json", model]), (.rgEdge, ["bench", "-m", none]),
            (.rgEdge, ["prompt", "-m", none, "x"]), (.rgQuant, ["inspect", model]), (.rgQuant, ["inspect", "--json", model]),
            (.rgQuant, ["verify", model]), (.rgQuant, ["verify", none]),
        ] {
            let screen = try TerminalCommand(command, arguments: arguments, terminal: "dumb").end().text
            #expect(isHarmless(screen), "\(arguments[0])")
            #expect(screen.contains(#"\u{009D}0;pwn\u{009C}"#), "\(arguments[0])")
        }
        // Where lines are drawn over, the program itself erases.
        let terminal = try TerminalCommand(.rgEdge, arguments: ["bench", "-m", model + "none"])
        #expect(try isHarmless(terminal.end().text.replacingOccurrences(of: "\u{1B}[K", with: "")))
        // A pipe gets the name as it is.
        #expect(try Command.rgEdge.run("info", model).text.contains(Self.hostile))
    }

    @Test func textOfTheModelDoesntCommandTheTerminal() throws {
        let model = try ConvertedModel.chat()
        let text = "\u{1B}[2J\u{9B}2J\u{202E}x"
        let ids = try Command.rgEdge.run("tokenize", "-m", model, "--ids", "--no-bos", text).lines[0]
        #expect(try screen(.rgEdge, "tokenize", "-m", model, "--decode", ids) == #"\u{1B}[2J\u{009B}2J\u{202E}x"# + "\r\n")
        #expect(try isHarmless(screen(.rgEdge, "tokenize", "-m", model, text)))
        #expect(try Command.rgEdge.run("tokenize", "-m", model, "--decode", ids).text == text)
    }

    @Test func whatIsTypedIsDrawnWithoutMarksThatTurnItRound() throws {
        let terminal = try TerminalCommand(
            .rgEdge, arguments: ["chat", "-m", ConvertedModel.chat()], environment: ["XDG_STATE_HOME": folder.file("state")])
        try terminal.wait(for: "> ")
        terminal.type("/save\u{202E}x\r")
        let screen = try terminal.wait(for: #"there is no /save\u{202E}x"#)
        #expect(!screen.contains("\u{202E}"))
        terminal.type("\u{4}")
        #expect(try terminal.end().ending == .exit(0))
    }
}
