import Foundation
import TestSupport

/// A command on a terminal, with somebody who types.
final class TerminalCommand {
    private let process: pid_t
    private var terminal: Int32
    private var shown: [UInt8] = []
    private var isEnded = false

    struct Failure: Error {}

    /// Longer than any command of the tests takes, on a busy machine.
    private static let patience = 120.0

    /// Starts a command on a terminal of 80 columns.
    init(_ command: Command, arguments: [String], environment: [String: String] = [:], terminal kind: String = "xterm") throws {
        terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        // As unlockpt(3) and ptsname(3), which Swift doesn't import, nor the numbers of their requests.
        var lock: Int32 = 0, number: Int32 = 0
        guard terminal >= 0, ioctl(terminal, 0x4004_5431, &lock) == 0, ioctl(terminal, 0x8004_5430, &number) == 0 else {
            throw Failure()
        }
        let path = "/dev/pts/\(number)"
        Self.setSize(of: terminal, columns: 80)
        let variables = environment.merging(["TERM": kind]) { given, _ in given }
        // The first terminal that the leader of a session opens becomes its own: then Ctrl-C is a signal.
        process = try command.spawn(
            arguments, environment: variables, asSessionLeader: true,
            files: [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO].map { ($0, path, O_RDWR) })
    }

    deinit {
        if !isEnded {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        if terminal >= 0 { close(terminal) }
    }

    /// Types.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = write(terminal, bytes, bytes.count)
    }

    /// Sends a signal.
    func send(_ signal: Int32) { kill(process, signal) }

    /// True if the terminal shows what is typed, as it does for programs that edit no lines.
    var echoes: Bool {
        var settings = termios()
        return tcgetattr(terminal, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
            && settings.c_lflag & tcflag_t(ICANON) != 0
    }

    /// The key that ends the input of programs that edit no lines.
    var endKey: UInt8? {
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return nil }
        return withUnsafeBytes(of: settings.c_cc) { $0[Int(VEOF)] }
    }

    /// Makes the terminal wider or narrower.
    func resize(columns: UInt16) { Self.setSize(of: terminal, columns: columns) }

    private static func setSize(of terminal: Int32, columns: UInt16) {
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    }

    /// Waits until the terminal shows a text after what was waited for before, and returns all that came up to
    /// it; throws if it doesn't come.
    @discardableResult
    func wait(for text: String) throws -> String {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while Date() < end {
            let soFar = String(decoding: shown, as: UTF8.self)
            if let range = soFar.range(of: text) {
                shown = Array(soFar[range.upperBound...].utf8)
                return String(soFar[..<range.upperBound])
            }
            guard read() else { break }
        }
        throw Failure()
    }

    /// Closes the terminal, as when the line to it breaks, and waits for the command's end.
    func hangUp() throws {
        close(terminal)
        terminal = -1
        guard waitpid(process, nil, 0) == process else { throw Failure() }
        isEnded = true
    }

    /// Waits for the end; returns what was shown until then. If it doesn't come, kills the command, which the ending shows.
    func end() throws -> (ending: Command.Ending, text: String) {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while Date() < end, read() {}
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if Date() > end { kill(process, SIGKILL) }
            usleep(1000)
        }
        isEnded = true
        let signal = status & 0x7F
        return (signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal), String(decoding: shown, as: UTF8.self))
    }

    /// Reads what comes; false at the end, or if nothing comes for too long.
    private func read() -> Bool {
        var entry = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(Self.patience * 1000)) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(terminal, &buffer, buffer.count)
        guard count > 0 else { return false }
        shown += buffer[..<count]
        return true
    }
}
