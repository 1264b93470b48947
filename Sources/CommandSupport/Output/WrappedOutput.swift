import Glibc
import System

/// Text on standard output's terminal, part by part, in lines that break between words (``WordWrap``).
public struct WrappedOutput {
    private var wrap = WordWrap()

    /// Text that begins a line. Nil if standard output is no terminal, or one that can't draw over what it shows.
    public init?() {
        guard Terminal.canRedraw(STDOUT_FILENO) else { return nil }
    }

    /// Writes a part, without what would command the terminal.
    public mutating func write(_ text: String) throws(OutputError) {
        try writeAll(wrap.add(text.harmless, columns: Terminal.columns(STDOUT_FILENO)), to: STDOUT_FILENO)
    }
}
