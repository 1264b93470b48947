import ArgumentParser
import Files
import Glibc
import System

/// A command one of whose arguments is a text that people write, with spaces and dashes.
public protocol TakesText {}

extension ParsableCommand {
    /// Runs the command, or the subcommand that the arguments name, and ends the process. A root command calls it in its `main()`.
    ///
    /// - Help and version go to standard output: exit 0.
    /// - An error is one line on standard error, `name: what is wrong`: exit 1.
    /// - Arguments that can't be understood, or a `ValidationError`, also name the help to read: exit 64 (EX_USAGE).
    /// - ``Interrupted``, or work that was cancelled because of a signal: its line, exit 128 + the signal's number.
    /// - A closed pipe on standard output ends the process without a word, as SIGPIPE does.
    /// - Ctrl-\ ends the process at once.
    public static func execute() -> Never {
        StandardDescriptors.occupy()
        Interruption.leaveQuitToTheSystem()
        // A closed pipe is an error of write(2) instead, so that whoever has a temporary file removes it.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that grows beyond "ulimit -f".
        signal(SIGXFSZ, SIG_IGN)
        // And a model file that is cut, or whose disk fails, while it is mapped.
        MappedFile.guardAll()
        // The command that the arguments name: a mistake found later is in its arguments.
        var named: (any ParsableCommand.Type)?
        do {
            do {
                try checkEncoding()
                try checkSubcommand()
                var command = try parseAsRoot()
                named = type(of: command)
                try command.run()
            } catch let success where exitCode(for: success).isSuccess {
                // Help, the version. exit(withError:) wouldn't see that writing fails.
                try StandardOutput.write(fullMessage(for: success) + "\n")
            }
            Glibc.exit(EXIT_SUCCESS)
        } catch let interrupted as Interrupted {
            Diagnostics.report(interrupted.message, command: _commandName)
            Glibc.exit(128 + interrupted.signal)
        } catch let problem as FileProblem where problem.kind == .cancelled && Interruption.signal != nil {
            Diagnostics.report(problem.description, command: _commandName)
            Glibc.exit(128 + (Interruption.signal ?? 0))
        } catch OutputError.closedPipe {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
            Glibc.exit(128 + SIGPIPE)
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            let code = exitCode(for: error)
            Diagnostics.report(
                code == .validationFailure ? usageMessage(for: error, of: named) : String(describing: error),
                command: _commandName)
            Glibc.exit(code.rawValue)
        }
    }

    /// Throws for an argument that is not UTF-8: Swift would hand it on with other characters in place of its bytes.
    private static func checkEncoding() throws(ValidationError) {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else { continue }
            throw ValidationError("Argument \(index) is not UTF-8, as texts and names of files have to be")
        }
    }

    /// Throws for a word where the name of a subcommand should be: ArgumentParser would complain of what follows it.
    private static func checkSubcommand() throws(ValidationError) {
        let names = configuration.subcommands.map { $0._commandName }
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-"), word != "help", !names.contains(word) else {
            return
        }
        throw ValidationError("There is no command '\(word)'; use \(names.joined(separator: ", "))")
    }

    /// What is often meant by words that a command that takes a text doesn't know; nil where that is not the mistake.
    private static func textAdvice(_ message: Substring) -> String? {
        let name = CommandLine.arguments.dropFirst().first
        guard configuration.subcommands.first(where: { $0._commandName == name }) is any TakesText.Type else { return nil }
        if message.contains("nexpected argument") { return ": put a text of several words in quotes" }
        if message.hasPrefix("Unknown option") { return ": write -- before a text that begins with -" }
        return nil
    }

    /// ArgumentParser's message on one line, without its usage, but saying where to find it: that of the command `named`, if the
    /// arguments were understood so far.
    private static func usageMessage(for error: any Error, of named: (any ParsableCommand.Type)?) -> String {
        let lines = message(for: error).split(separator: "\n").map { $0.drop { $0.isWhitespace } }.filter { !$0.isEmpty }
        let text = lines.joined(separator: " ") + (textAdvice(lines.first ?? "") ?? "")
        // The last line of the full message is "  See 'name subcommand --help' for more information."
        let advised = fullMessage(for: error).split(separator: "'").dropLast().last.map(String.init)
        let help =
            if let named, named != Self.self {
                "\(_commandName) \(named._commandName) --help"
            } else {
                advised.flatMap { $0.hasSuffix("--help") ? $0 : nil } ?? "\(_commandName) --help"
            }
        return (text.hasSuffix(".") ? String(text.dropLast()) : text) + "; see \(help)"
    }
}
