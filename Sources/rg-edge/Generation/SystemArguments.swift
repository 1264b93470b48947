import ArgumentParser
import CommandSupport
import RGEdge
import Text

/// Instructions that go before a conversation.
struct SystemArguments: ParsableArguments {
    @Option(
        name: [.long, .customLong("sys", withSingleDash: true)], parsing: .unconditional,
        help: ArgumentHelp(
            "Instructions, which become the beginning of the first user's turn, as the model has no turn for them. "
                + "They count where a conversation begins; one that goes on has its own.",
            valueName: "text"))
    var system: String?

    @Option(
        name: [.long, .customLong("sysf", withSingleDash: true)], parsing: .unconditional,
        help: ArgumentHelp("The same from a file.", valueName: "file"), completion: .file())
    var systemFile: String?

    /// True if there are some.
    var areGiven: Bool { system != nil || systemFile != nil }

    func validate() throws {
        if system != nil, systemFile != nil { throw ValidationError("Give --system or --system-file, not both") }
        if systemFile == "" { throw ValidationError("--system-file needs the name of a file") }
        if systemFile == InputText.standardInput {
            throw ValidationError("--system-file takes a file, not standard input, which is for what follows")
        }
    }

    /// The instructions, or nil. Throws if their file can't be read.
    func text() throws -> String? {
        if let systemFile { return try InputText.contents(ofFile: systemFile) }
        return system
    }
}

extension Session {
    /// What the user says, after instructions if a conversation begins with it.
    func opening(_ text: String, after system: String?) -> String {
        guard let system, position == 0 else { return text }
        return Turns.folded([system], into: text)
    }
}
