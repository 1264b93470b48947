import Foundation
import TestSupport

/// A command, most often one of the package's, run as a user runs it: the built program in a process of its own.
///
/// Not Foundation's `Process`, which hands the blocked signals of the tests' threads on to the program: no Ctrl-C would reach it.
struct Command: Sendable {
    static let rgEdge = Command(path: folder + "/rg-edge")
    static let rgQuant = Command(path: folder + "/rg-quant")

    let path: String

    /// Where the build puts programs: the folder of the test program itself.
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path

    /// How a command ended.
    enum Ending: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    /// What a command did.
    struct Outcome {
        let ending: Ending
        let output: [UInt8]
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        /// The lines of the output, without their line breaks.
        var lines: [String] {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.dropLast(text.hasSuffix("\n") ? 1 : 0).map(String.init)
        }
    }

    /// Runs the command to its end, with `input` on its standard input. `environment` is added to that of the tests, from which
    /// the project's own variables are taken out.
    func run(_ arguments: [String], environment: [String: String] = [:], input: [UInt8] = []) throws -> Outcome {
        try start(arguments, environment: environment, input: input).wait()
    }

    func run(_ arguments: String..., environment: [String: String] = [:], input: [UInt8] = []) throws -> Outcome {
        try run(arguments, environment: environment, input: input)
    }

    /// Runs the command on a terminal, which script(1) of util-linux makes; what the terminal shows is the outcome's output.
    /// Arguments must have no quotes.
    func runOnTerminal(_ arguments: String...) throws -> Outcome {
        let line = ([path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return try Command(path: "/usr/bin/script").run("-qec", line, "/dev/null", environment: ["TERM": "xterm"])
    }

    /// Starts the command. Its standard output and error go to the files, devices or pipes `output` and `errors`, or else to files
    /// for ``RunningCommand/output`` and the outcome.
    func start(
        _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [], output: String? = nil,
        errors: String? = nil
    ) throws -> RunningCommand {
        let folder = try TemporaryFolder()
        let files = (
            input: try folder.write(input, to: "input"), output: output ?? folder.file("output"),
            errors: errors ?? folder.file("errors")
        )

        let process = try spawn(
            arguments, environment: environment,
            files: [
                (STDIN_FILENO, files.input, O_RDONLY), (STDOUT_FILENO, files.output, O_WRONLY | O_CREAT),
                (STDERR_FILENO, files.errors, O_WRONLY | O_CREAT),
            ])
        return RunningCommand(
            process: process, folder: folder, outputPath: output == nil ? files.output : nil,
            errorPath: errors == nil ? files.errors : nil)
    }

    /// Starts the command with files opened as its descriptors, and, if wanted, as the leader of a session of processes.
    func spawn(
        _ arguments: [String], environment: [String: String], asSessionLeader: Bool = false,
        files: [(descriptor: Int32, path: String, flags: Int32)]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for file in files { posix_spawn_file_actions_addopen(&actions, file.descriptor, file.path, file.flags, 0o600) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID is 0x80, which Swift doesn't import.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | (asSessionLeader ? 0x80 : 0))

        // Whoever runs the tests may have models of their own.
        let own = ["RG_EDGE_MODELS": ""]
        let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("RG_EDGE_") }
            .merging(own.merging(environment) { $1 }) { $1 }
        var process = pid_t()
        let result = withStrings([path] + arguments) { arguments in
            withStrings(variables.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&process, path, &actions, &attributes, arguments, variables)
            }
        }
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: result) ?? .EIO) }
        return process
    }

    /// Calls `body` with a null-terminated array of C strings.
    private func withStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}

/// A command that has been started.
struct RunningCommand {
    let process: pid_t
    /// Keeps the files.
    let folder: TemporaryFolder
    let outputPath: String?
    let errorPath: String?

    /// Longer than any command of the tests takes, on a busy machine.
    private static let patience = 120.0

    private func contents(_ path: String?) -> [UInt8] {
        path.flatMap { FileManager.default.contents(atPath: $0) }.map { [UInt8]($0) } ?? []
    }

    /// What has been written so far.
    var output: [UInt8] { contents(outputPath) }

    /// False when the command has ended, whether or not somebody waits for it.
    var isRunning: Bool {
        var status = siginfo_t()
        return waitid(P_PID, id_t(process), &status, WEXITED | WNOHANG | WNOWAIT) == 0 && status.si_signo == 0
    }

    /// Sends a signal.
    func send(_ signal: Int32) { kill(process, signal) }

    /// The number of write(2), which Swift doesn't import.
    #if arch(arm64)
    private static let writeCall = 64
    #else
    private static let writeCall = 1
    #endif

    /// Waits until the command waits for somebody to read what it writes to a descriptor; false if it ends before or takes too
    /// long.
    func waitUntilItWaits(writingTo descriptor: Int32) -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while isRunning, Date() < end {
            let call = (try? String(contentsOfFile: "/proc/\(process)/syscall", encoding: .utf8)) ?? ""
            if call.hasPrefix("\(Self.writeCall) 0x\(String(descriptor, radix: 16)) ") { return true }
            usleep(2000)
        }
        return false
    }

    /// Waits until the command has a handler for a signal; false if it ends before or takes too long.
    func waitUntilItCatches(_ signal: Int32) -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while isRunning, Date() < end {
            let lines = ((try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? "").split(separator: "\n")
            let mask = lines.first { $0.hasPrefix("SigCgt:\t") }.flatMap { UInt64($0.dropFirst(8), radix: 16) } ?? 0
            if mask & 1 << UInt64(signal - 1) != 0 { return true }
            usleep(2000)
        }
        return false
    }

    /// Waits until the command has mapped a file; false if it ends before or takes too long.
    func waitUntilItMaps(_ path: String) -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while isRunning, Date() < end {
            if (try? String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8))?.contains(path) == true { return true }
            usleep(2000)
        }
        return false
    }

    /// Waits until the command has written `count` bytes; false if it ends before or takes too long.
    func waitForOutput(of count: Int) -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while output.count < count, isRunning, Date() < end { usleep(2000) }
        return output.count >= count
    }

    /// Waits until the command ends; if that takes too long, kills it, which the outcome shows.
    func wait() -> Command.Outcome {
        let end = Date(timeIntervalSinceNow: Self.patience)
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if Date() > end { kill(process, SIGKILL) }
            usleep(1000)
        }
        // As WIFEXITED, WEXITSTATUS and WTERMSIG, which are macros.
        let signal = status & 0x7F
        return Command.Outcome(
            ending: signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal), output: output,
            errors: String(decoding: contents(errorPath), as: UTF8.self))
    }
}
