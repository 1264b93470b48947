import Files
import Glibc
import System

/// Text that can't be used.
public struct InputError: Error, CustomStringConvertible {
    /// One line: source, problem, advice.
    public let description: String

    /// `source: problem; advice`.
    public init(_ source: String, _ problem: String, advice: String) { description = "\(source): \(problem); \(advice)" }
}

/// Text from files and standard input.
public enum InputText {
    /// What stands for standard input where a command takes a text or a file.
    public static let standardInput = "-"
    /// At most this many bytes of a text that is needed whole: some 16 million tokens.
    public static let limit = 64 << 20

    static let standardInputName = "standard input"

    /// The text of a file, or of standard input for `-`. Throws for a file that can't be read, is not UTF-8, or has more than
    /// ``limit`` bytes.
    public static func contents(ofFile path: String) throws(InputError) -> String { try contents(file(path)) }

    /// All of standard input, to its end. Throws as ``contents(ofFile:)`` does.
    public static func contentsOfStandardInput() throws(InputError) -> String { try contents(ofFile: standardInput) }

    /// A file, or standard input for `-`, to be read part by part until a signal says to stop (``Interruption``).
    public static func file(_ path: String) throws(InputError) -> TextFile {
        try translatingFileErrors { () throws(FileError) in try open(path) }
    }

    /// The same; throws what the system says.
    public static func open(_ path: String) throws(FileError) -> TextFile {
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
        do throws(FileError) {
            return try file.next()
        } catch {
            if error.code == EINTR, let signal = Interruption.signal { throw Interrupted(signal: signal, message: "interrupted") }
            throw InputError(error)
        }
    }

    private static func contents(_ file: TextFile) throws(InputError) -> String {
        func checkLength(_ count: Int) throws(InputError) {
            guard count <= limit else { throw .tooLong(file.name) }
        }
        try checkLength(file.byteCount ?? 0)
        var bytes: [UInt8] = []
        while let piece = try translatingFileErrors({ () throws(FileError) in try file.next() }) {
            try checkLength(bytes.count + piece.count)
            // An array grows to twice its size, and the text is copied.
            guard bytes.capacity >= bytes.count + piece.count || SystemMemory.has(3 * (bytes.count + piece.count)) else {
                throw InputError(
                    file.name, "has \(bytes.count + piece.count) bytes of text or more, for which there is no memory",
                    advice: "close other programs, or give a shorter text")
            }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Runs `body`, turning what is wrong with a text's file into an ``InputError``.
private func translatingFileErrors<Result>(_ body: () throws(FileError) -> Result) throws(InputError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw InputError(error)
    }
}

extension InputError {
    init(_ error: FileError) { self.init(error.path, error.problem, advice: error.advice) }

    /// More than fits memory, perhaps without an end.
    public static func tooLong(_ source: String) -> InputError {
        InputError(source, "has more than \(InputText.limit >> 20) MiB of text", advice: "give a shorter text, or a part of it")
    }

    /// Bytes that Swift would show as other characters.
    static func notUTF8(_ source: String) -> InputError {
        InputError(source, "is not UTF-8 text", advice: "convert it, for example with iconv -t UTF-8")
    }
}
