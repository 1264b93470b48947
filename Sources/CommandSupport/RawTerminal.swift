import Glibc

/// A terminal that gives each key at once and echoes nothing, for as long as a line is edited.
struct RawTerminal: ~Copyable {
    private let descriptor: Int32
    private let former: termios

    /// What makes a terminal send pasted text between two marks.
    private static let pasteOn = "\u{1B}[?2004h", pasteOff = "\u{1B}[?2004l"

    /// Nil if it is no terminal.
    init?(_ descriptor: Int32) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        former = settings
        enter()
    }

    deinit { leave() }

    /// Gives the terminal back, stops this program and those that it shares its job with, as Ctrl-Z does elsewhere, and takes the terminal
    /// again when they go on.
    func suspend() {
        leave()
        kill(0, SIGTSTP)
        enter()
    }

    private func enter() {
        var settings = former
        settings.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON)
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        settings.c_cflag |= tcflag_t(CS8)
        // What was typed ahead stays.
        tcsetattr(descriptor, TCSADRAIN, &settings)
        Diagnostics.write(Self.pasteOn)
    }

    private func leave() {
        var settings = former
        tcsetattr(descriptor, TCSADRAIN, &settings)
        Diagnostics.write(Self.pasteOff)
    }
}
