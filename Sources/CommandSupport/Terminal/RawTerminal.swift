import Glibc

/// A terminal that gives each key at once and echoes nothing while a line is edited.
struct RawTerminal: ~Copyable {
    private let descriptor: Int32
    private let former: termios
    private var isRaw = false

    /// What makes a terminal send pasted text between two marks.
    private static let pasteOn = "\u{1B}[?2004h", pasteOff = "\u{1B}[?2004l"

    /// Nil if it isn't a terminal. Nothing changes before ``enter()``.
    init?(_ descriptor: Int32) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        former = settings
    }

    deinit {
        if isRaw { Diagnostics.draw(Self.pasteOff) }
        Self.apply(former, to: descriptor)
    }

    /// A line is edited from here on.
    mutating func enter() {
        guard !isRaw else { return }
        isRaw = true
        var settings = former
        settings.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON)
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        settings.c_cflag |= tcflag_t(CS8)
        Self.apply(settings, to: descriptor)
        Diagnostics.draw(Self.pasteOn)
    }

    /// No line is edited for a while: Ctrl-C is a signal again. What is typed ahead is kept for the next line, which shows it (amid an
    /// answer it would be taken for a part of that), Ctrl-D and Ctrl-R as keys like others: as the end of a file and as the terminal's
    /// own key they would be forgotten when that line begins.
    mutating func rest() {
        guard isRaw else { return }
        isRaw = false
        var settings = former
        settings.c_lflag &= ~tcflag_t(ECHO | ECHONL)
        // _POSIX_VDISABLE: no key means it.
        withUnsafeMutableBytes(of: &settings.c_cc) { keys in for key in [VEOF, VREPRINT] { keys[Int(key)] = 0 } }
        Self.apply(settings, to: descriptor)
        Diagnostics.draw(Self.pasteOff)
    }

    /// Gives the terminal back, stops this program and those that it shares its job with, as Ctrl-Z does elsewhere, and takes the
    /// terminal again when they go on.
    mutating func suspend() {
        rest()
        Self.apply(former, to: descriptor)
        kill(0, SIGTSTP)
        enter()
    }

    private static func apply(_ settings: termios, to descriptor: Int32) {
        var settings = settings
        // What was typed ahead stays.
        tcsetattr(descriptor, TCSADRAIN, &settings)
    }
}
