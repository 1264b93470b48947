import Glibc
import System

/// A line that is being edited, on one row of the terminal behind standard error.
final class LineDisplay {
    private let prompt: String
    /// Where the cursor was put.
    private var cursor = 0
    /// The width of a terminal that was asked where its cursor is; nil if no answer is awaited.
    private var askedColumns: Int?

    init(prompt: String) { self.prompt = prompt }

    /// Draws the line over what the row shows.
    func draw(_ editor: LineEditor) {
        let columns = Terminal.columns(STDERR_FILENO)
        let prompt = editor.prompt(columns: columns) ?? prompt
        let promptColumns = prompt.reduce(0) { $0 + $1.columns }
        let (text, offset) = editor.line.visible(columns: columns - promptColumns)
        cursor = promptColumns + offset
        askedColumns = nil
        // A parameter of 0 would mean 1.
        Diagnostics.draw("\r\(prompt)\(text)\u{1B}[K\r" + (cursor > 0 ? "\u{1B}[\(cursor)C" : ""))
    }

    /// The terminal has another width. Some terminals cut a row that is too long now, others wrap it: where the cursor is tells
    /// which. One that doesn't answer shows the line anew at the next key.
    func resize() {
        guard askedColumns == nil else { return }
        askedColumns = Terminal.columns(STDERR_FILENO)
        // ECMA-48, DSR.
        Diagnostics.draw("\u{1B}[6n")
    }

    /// Draws the line over all the rows that it has been wrapped into, now that the terminal says where its cursor is;
    /// false if that was drawn already.
    func redraw(_ editor: LineEditor, cursorAt column: Int) -> Bool {
        guard let columns = askedColumns else { return false }
        askedColumns = nil
        guard columns == Terminal.columns(STDERR_FILENO) else {
            resize()
            return true
        }
        let rowsAbove = column == cursor % columns ? cursor / columns : 0
        // What is below goes first: erased from its first row on, a whole screen would be kept by some
        // terminals, to scroll back to.
        Diagnostics.draw("\r\u{1B}[J" + String(repeating: "\u{1B}[A\u{1B}[K", count: rowsAbove))
        draw(editor)
        return true
    }

    /// Shows choices below the line, which stays above them as it is.
    func list(_ labels: [String]) {
        Diagnostics.draw("\n\(CandidateList.text(labels, columns: Terminal.columns(STDERR_FILENO) - 1))\n")
    }

    /// Leaves the line on the screen, whole, and goes on to the next.
    func leave(_ line: LineBuffer, mark: String) {
        Diagnostics.draw("\r\u{1B}[K\(prompt)\(line.text.harmless)\(mark)\n")
    }
}
