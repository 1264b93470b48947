import Files
import Glibc
import System

/// Lines that a user types: edited on a terminal, plain from anything else.
///
/// The editor knows the keys of readline's Emacs mode that everybody uses, and draws on standard error, so that standard
/// output is for results alone. On a dumb terminal the system's own line editing serves; from a pipe or a file lines come
/// as they are, without prompts.
public final class LineInput {
    /// What came.
    public enum Event: Equatable, Sendable {
        case line(String)
        /// Ctrl-C: the line is given up. The terminal still waits for a line, so ask for the next one at once.
        case interrupted
        /// Ctrl-D in an empty line, or the end of the file.
        case end
        /// A signal that asks the program to end (``Interruption/signal``).
        case signal(Int32)
    }

    /// True if somebody types: then greetings make sense.
    public let isInteractive = isatty(STDIN_FILENO) == 1
    private let isEdited = isatty(STDIN_FILENO) == 1 && Terminal.canRedraw(STDERR_FILENO)
    private var history: LineHistory
    /// Bytes that have been read but not used.
    private var pending: [UInt8] = []
    private var isAtEnd = false
    /// Why no more could be read, as an errno, or 0.
    private var failure: Int32 = 0
    /// Lines that have come.
    private var lineCount = 0
    private var rawTerminal: RawTerminal?
    /// What may follow a text.
    private let complete: (String) -> Completion?
    /// The text that was last looked for in earlier lines.
    private var lastQuery = ""

    /// Lines from standard input; those that are typed are added to `history`. The Tab key asks `complete` what may follow the text
    /// before the cursor.
    public init(history: LineHistory, complete: @escaping (String) -> Completion? = { _ in nil }) {
        self.history = history
        self.complete = complete
    }

    /// The next line, without its line break. Call ``Interruption/watch(keepsInterrupts:)`` before. Throws if reading fails, and
    /// for a line that is not UTF-8, unless somebody types.
    public func next(prompt: String) throws(FileProblem) -> Event {
        let event = isEdited ? try editedLine(prompt: prompt) : try plainLine(prompt: prompt)
        if isInteractive, case .line(let line) = event { history.add(line) }
        return event
    }

    // MARK: - Bytes

    /// Reads more bytes; false at the end, and if a signal came.
    private func read(onResize: () -> Void = {}) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while !isAtEnd {
            switch Interruption.waitForInput(STDIN_FILENO) {
            case .input: break
            case .signal: return false
            case .resize:
                onResize()
                continue
            }
            let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
            if count > 0 {
                pending += bytes[..<count]
                return true
            }
            if count < 0, errno != EINTR { failure = errno }
            isAtEnd = count == 0 || failure != 0
        }
        return false
    }

    /// True if a byte comes within some milliseconds.
    private func comes(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// Throws if no more could be read: that only looks like the end.
    private func checkFailure() throws(FileProblem) {
        guard failure != 0 else { return }
        throw TextFile.readingError(InputText.standardInputName, isStandardInput: true, failure)
    }

    // MARK: - Plain lines

    private func plainLine(prompt: String) throws(FileProblem) -> Event {
        if isInteractive { Diagnostics.write(prompt) }
        var searched = 0
        while true {
            if let place = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeFirst(place + 1) }
                return .line(try text(pending[..<place]))
            }
            searched = pending.count
            guard searched <= InputText.limit else {
                throw .tooLong("\(InputText.standardInputName), line \(lineCount + 1)")
            }
            guard read() else { break }
        }
        if let signal = Interruption.signal {
            // The terminal has dropped what was typed, and shown ^C.
            if isInteractive { Diagnostics.write("\n") }
            return .signal(signal)
        }
        try checkFailure()
        guard !pending.isEmpty else {
            // Ctrl-D shows nothing.
            if isInteractive { Diagnostics.write("\n") }
            return .end
        }
        defer { pending.removeAll() }
        return .line(try text(pending[...]))
    }

    /// The text of a line. In a typed one, what is not UTF-8 becomes U+FFFD, which the user can see.
    private func text(_ bytes: ArraySlice<UInt8>) throws(FileProblem) -> String {
        lineCount += 1
        let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
        if isInteractive { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .notUTF8("\(InputText.standardInputName), line \(lineCount)")
        }
        return text
    }

    // MARK: - Edited lines

    /// An escape sequence comes at once, even over a slow line; the key Esc alone doesn't go on.
    private static let escapeMilliseconds: Int32 = 100

    private func editedLine(prompt: String) throws(FileProblem) -> Event {
        if rawTerminal == nil {
            rawTerminal = RawTerminal(STDIN_FILENO)
            Terminal.watchSize()
        }
        guard rawTerminal != nil else { return try plainLine(prompt: prompt) }
        rawTerminal?.enter()
        let display = LineDisplay(prompt: prompt)
        let keys = KeyReader { [self] isWaiting in
            if pending.isEmpty, isWaiting || comes(within: Self.escapeMilliseconds) { _ = read(onResize: display.resize) }
            return pending.isEmpty ? nil : pending.removeFirst()
        }
        let event = edit(display, keys)
        // After Ctrl-C a key that comes before the next line would mean something else to the terminal's own line editing.
        if event != .interrupted { rawTerminal?.rest() }
        if event == .end { try checkFailure() }
        return event
    }

    private func edit(_ display: LineDisplay, _ keys: KeyReader) -> Event {
        var editor = LineEditor(history: history.lines, lastQuery: lastQuery, complete: complete)
        defer { lastQuery = editor.lastQuery }
        // This line is drawn for the size that there is.
        _ = Terminal.takeResize()
        display.draw(editor)
        while let key = keys.next() {
            switch editor.apply(key) {
            case .draw: break
            case .take:
                display.leave(editor.line, mark: "")
                return .line(editor.line.text)
            case .giveUp:
                display.leave(editor.line, mark: "^C")
                return .interrupted
            case .end:
                display.leave(editor.line, mark: "")
                return .end
            case .list(let labels): display.list(labels)
            case .clearScreen: Diagnostics.draw("\u{1B}[H\u{1B}[2J")
            case .suspend:
                display.leave(editor.line, mark: "^Z")
                rawTerminal?.suspend()
            case .cursor(let column):
                if display.redraw(editor, cursorAt: column) { continue }
            }
            // A paste over a slow line draws once.
            if pending.isEmpty { display.draw(editor) }
        }
        display.leave(editor.line, mark: "")
        return Interruption.signal.map { .signal($0) } ?? .end
    }
}
