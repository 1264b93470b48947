import Files
import Glibc

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

    static let standardInputName = "standard input"

    /// The text of a file, or of standard input for `-`. Throws for a file that can't be read or is not UTF-8.
    public static func contents(ofFile path: String) throws(InputError) -> String {
        guard path != standardInput else { return try contentsOfStandardInput() }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path, while: "opening", errno) }
        defer { close(descriptor) }
        return try text(of: descriptor, name: path)
    }

    /// All of standard input, to its end.
    public static func contentsOfStandardInput() throws(InputError) -> String {
        if isatty(STDIN_FILENO) == 1 { Diagnostics.note("Type the text, then Ctrl-D on a line of its own.") }
        return try text(of: STDIN_FILENO, name: standardInputName)
    }

    private static func text(of descriptor: Int32, name: String) throws(InputError) -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count > 0 {
                bytes += piece[..<count]
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw .system(name, while: "reading", errno)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(name) }
        return text
    }
}

extension InputError {
    /// What the system has against reading a text.
    static func system(_ source: String, while doing: String, _ code: Int32) -> InputError {
        let isStandardInput = source == InputText.standardInputName
        switch code {
        case EBADF where isStandardInput:
            return InputError(source, "is closed", advice: "let it come from a file or a pipe")
        case EISDIR:
            let advice = isStandardInput ? "let it come from a file or a pipe" : "give the path of a file"
            return InputError(source, "is a folder", advice: advice)
        default:
            let error = FileError.system(source, while: doing, code)
            return InputError(error.path, error.problem, advice: error.advice)
        }
    }

    /// Bytes that Swift would show as other characters.
    static func notUTF8(_ source: String) -> InputError {
        InputError(source, "is not UTF-8 text", advice: "convert it, for example with iconv -t UTF-8")
    }
}
