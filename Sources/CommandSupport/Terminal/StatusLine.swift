import Glibc
import System

/// A line on standard error that says what goes on and is drawn over. Nothing if that is not a terminal.
public final class StatusLine {
    private let isShown = Terminal.canRedraw(STDERR_FILENO)
    private var isDrawn = false

    /// A line that shows nothing yet.
    public init() {}

    /// Shows a text in place of the last one.
    public func show(_ text: String) {
        guard isShown else { return }
        // The last column stays free: some terminals go on to the next line after it.
        Diagnostics.draw("\r\(text.onOneLine.prefix(max(0, Terminal.columns(STDERR_FILENO) - 1)))\u{1B}[K")
        isDrawn = true
    }

    /// Removes the line, so that other text can follow.
    public func clear() {
        guard isDrawn else { return }
        Diagnostics.draw("\r\u{1B}[K")
        isDrawn = false
    }
}
