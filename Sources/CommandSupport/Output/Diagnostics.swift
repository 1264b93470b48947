import Glibc
import System

/// Lines for the user on standard error.
public enum Diagnostics {
    /// Writes `command: message` as one line, whatever the message holds: names from files may have line breaks in them.
    public static func report(_ message: String, command: String) {
        write("\(command): \(message.onOneLine)\n")
    }

    /// Writes lines that aren't errors: figures, what the command waits for. On a terminal they break between words.
    public static func note(_ lines: String) {
        guard Terminal.canRedraw(STDERR_FILENO) else { return write(lines + "\n") }
        var wrap = WordWrap()
        draw(wrap.add(lines.harmless + "\n", columns: Terminal.columns(STDERR_FILENO)))
    }

    /// Writes text. It is not an error if nobody reads it.
    static func write(_ text: String) { try? writeText(text, to: STDERR_FILENO) }

    /// Writes our own text, which may command the terminal; any other text in it must have been made harmless.
    static func draw(_ text: String) { try? writeAll(text, to: STDERR_FILENO) }
}
