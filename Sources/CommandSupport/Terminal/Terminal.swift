import Glibc
import Synchronization

/// What is known of the terminal behind a file descriptor.
enum Terminal {
    /// True if a line on it can be drawn over: nothing is known of one without a name.
    static func canRedraw(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && !["", "dumb"].contains(getenv("TERM").map { String(cString: $0) } ?? "")
    }

    /// Characters per line; 80 if unknown.
    static func columns(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static let isResized = Atomic<Bool>(false)

    /// From here on ``takeResize()`` knows when the program's terminal gets another size.
    static func watchSize() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Terminal.isResized.store(true, ordering: .relaxed) }
        // Only a wait for input is to notice: pselect(2), which is never restarted.
        action.sa_flags = SA_RESTART
        sigaction(SIGWINCH, &action, nil)
        var number = sigset_t()
        sigemptyset(&number)
        sigaddset(&number, SIGWINCH)
        pthread_sigmask(SIG_UNBLOCK, &number, nil)
    }

    /// True if the size has changed since the last call.
    static func takeResize() -> Bool { isResized.exchange(false, ordering: .relaxed) }
}
