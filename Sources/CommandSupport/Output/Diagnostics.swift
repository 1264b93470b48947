import Glibc

/// Lines for the user on standard error.
public enum Diagnostics {
    /// Writes `command: message` as one line, whatever the message holds: names from files may have line breaks in them.
    public static func report(_ message: String, command: String) {
        write("\(command): \(onOneLine(message))\n")
    }

    /// Writes lines that are no error: figures, what the command waits for.
    public static func note(_ lines: String) { write(lines + "\n") }

    /// Writes text as it is. That nobody reads it is no error.
    static func write(_ text: String) {
        try? writeAll(text, to: STDERR_FILENO)
    }

    /// The text with control characters escaped.
    public static func onOneLine(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
            default: String(scalar)
            }
        }.joined()
    }
}
