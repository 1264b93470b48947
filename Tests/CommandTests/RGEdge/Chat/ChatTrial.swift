import Foundation
import TestSupport

/// A folder for what chats keep, and chats in it with the likeliest answers.
struct ChatTrial {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    var environment: [String: String] { ["XDG_STATE_HOME": folder.file("state")] }

    /// A chat whose lines come from a pipe.
    func chat(_ lines: [String], _ arguments: String..., model: String? = nil) throws -> Command.Outcome {
        try Command.rgEdge.run(
            ["chat", "-m", try model ?? ConvertedModel.chat(), "-n", "12", "--temperature", "0"] + arguments,
            environment: environment,
            input: Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// A chat with somebody who types.
    func typedChat(_ arguments: String..., terminal: String = "xterm") throws -> TerminalCommand {
        let all = ["-m", try ConvertedModel.chat(), "--temperature", "0"] + arguments
        return try TerminalCommand(.rgEdge, arguments: ["chat"] + all, environment: environment, terminal: terminal)
    }

    /// The position that the last /stats said.
    func position(_ outcome: Command.Outcome) -> Int? {
        outcome.errors.matches(of: /(\d+) tokens in branch/).last.flatMap { Int($0.1) }
    }
}
