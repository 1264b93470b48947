import Glibc

/// What is known of the terminal behind a file descriptor.
enum Terminal {
    /// True if a line on it can be drawn over: of one without a name nothing is known.
    static func canRedraw(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && !["", "dumb"].contains(getenv("TERM").map { String(cString: $0) } ?? "")
    }

    /// Characters a line; 80 where it can't be told.
    static func columns(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
