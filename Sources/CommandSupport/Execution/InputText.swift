import Files
import Glibc
import System

/// Text from files and standard input.
public enum InputText {
    /// What stands for standard input where a command takes a text or a file.
    public static let standardInput = "-"
    /// At most this many bytes of a text that is needed whole: some 16 million tokens.
    public static let limit = 64 << 20

    static let standardInputName = "standard input"

    /// The text of a file, or of standard input for `-`. Throws for a file that can't be read, is not UTF-8, or has more than
    /// ``limit`` bytes.
    public static func contents(ofFile path: String) throws(FileProblem) -> String { try contents(file(path)) }

    /// All of standard input, to its end. Throws as ``contents(ofFile:)`` does.
    public static func contentsOfStandardInput() throws(FileProblem) -> String { try contents(ofFile: standardInput) }

    /// Whether somebody has put a pipe or a file on standard input: not so for a terminal, a socket, `/dev/null` or a closed one.
    public static var isRedirected: Bool {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFIFO || status.st_mode & S_IFMT == S_IFREG
    }

    /// Says what is waited for if nothing comes from standard input for a second: whoever left a pipe open may not know that it is
    /// read.
    public static func tellIfWaiting() {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&input, 1, 1000) == 0 else { return }
        Diagnostics.note("Waiting for the rest of the prompt on standard input; with </dev/null there is none.")
    }

    /// A file, or standard input for `-`, to be read part by part until a signal says to stop (``Interruption``).
    public static func file(_ path: String) throws(FileProblem) -> TextFile {
        func isStopped(_ descriptor: Int32) -> Bool {
            var arrival = Interruption.Arrival.resize
            while arrival == .resize { arrival = Interruption.waitForInput(descriptor) }
            return arrival == .signal
        }
        guard path == standardInput else { return try TextFile(path: path, isStopped: isStopped) }
        if isatty(STDIN_FILENO) == 1 { Diagnostics.note("Type the text, then Ctrl-D on a line of its own.") }
        return TextFile(descriptor: STDIN_FILENO, name: standardInputName, isStopped: isStopped)
    }

    /// The next part of a text; nil at its end. Throws ``Interrupted`` for a signal that came meanwhile.
    public static func next(_ file: TextFile) throws -> [UInt8]? {
        do throws(FileProblem) {
            return try file.next()
        } catch {
            if error.code == EINTR, let signal = Interruption.signal { throw Interrupted(signal: signal, message: "interrupted") }
            throw error
        }
    }

    private static func contents(_ file: TextFile) throws(FileProblem) -> String {
        func checkLength(_ count: Int) throws(FileProblem) {
            guard count <= limit else { throw .tooLong(file.name) }
        }
        try checkLength(file.byteCount ?? 0)
        var bytes: [UInt8] = []
        while let part = try file.next() {
            try checkLength(bytes.count + part.count)
            // An array grows to twice its size, and the text is copied.
            guard bytes.capacity >= bytes.count + part.count || SystemMemory.has(3 * (bytes.count + part.count)) else {
                throw FileProblem(
                    .memory, path: file.name,
                    problem: "has \(bytes.count + part.count) bytes of text or more, for which there is no memory",
                    advice: "close other programs, or give a shorter text")
            }
            bytes += part
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension FileProblem {
    /// More than fits memory, perhaps without an end.
    public static func tooLong(_ source: String) -> FileProblem {
        FileProblem(
            .content, path: source, problem: "has more than \(InputText.limit >> 20) MiB of text",
            advice: "give a shorter text, or a part of it")
    }

    /// Bytes that Swift would show as other characters.
    static func notUTF8(_ source: String) -> FileProblem {
        FileProblem(.content, path: source, problem: "is not UTF-8 text", advice: "convert it, for example with iconv -t UTF-8")
    }
}
