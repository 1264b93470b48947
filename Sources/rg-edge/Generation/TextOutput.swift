import CommandSupport
import Glibc
import JSON

/// Where a model's text goes: standard output, part by part, as text or as lines of JSON. In a chat, lines on a terminal break between
/// words; anything else gets the text as it is.
final class TextOutput {
    private let asJSON: Bool
    private var failure: OutputError?
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    /// True after the first part.
    private(set) var hasText = false
    /// True if all that was written so far is whole lines.
    private(set) var endsLine = true

    /// On a terminal, if that is wanted.
    private var wrapped: WrappedOutput?

    init(asJSON: Bool, wrapsWords: Bool = false) {
        self.asJSON = asJSON
        wrapped = wrapsWords && !asJSON ? WrappedOutput() : nil
    }

    /// Writes a part; false if that failed, in which case ``finish()`` throws the reason.
    func write(_ part: String) -> Bool { write(part, ["text": .string(part)]) }

    /// Writes a part, or the object that stands for it in JSON.
    func write(_ part: String, _ object: @autoclosure () -> JSONValue) -> Bool {
        hasText = true
        do throws(OutputError) {
            if wrapped != nil {
                try wrapped?.write(part)
            } else {
                try StandardOutput.write(asJSON ? object().line : part)
            }
        } catch {
            failure = error
        }
        endsLine = asJSON || part.utf8.last == UInt8(ascii: "\n")
        return failure == nil
    }

    /// True if the next line on standard error would continue the text's last one: both go to the same file.
    var leavesLineOpenOnStandardError: Bool {
        var output = stat(), errors = stat()
        guard !endsLine, fstat(STDOUT_FILENO, &output) == 0, fstat(STDERR_FILENO, &errors) == 0 else { return false }
        return output.st_dev == errors.st_dev && output.st_ino == errors.st_ino
    }

    /// Ends the text with a line break, if it has none.
    func finishLine() throws(OutputError) {
        if let failure { throw failure }
        if !endsLine { try StandardOutput.write("\n") }
        endsLine = true
    }

    /// Ends the text. On a terminal it adds a line break, so that the shell's prompt starts a line; elsewhere the text stays as it
    /// is.
    func finish() throws(OutputError) {
        if let failure { throw failure }
        guard !endsLine, isTerminal else { return }
        try StandardOutput.write("\n")
        endsLine = true
    }
}
