import Files
import Glibc
import Synchronization

/// A command that stopped because a signal asked for it.
public struct Interrupted: Error {
    /// The signal's number, from which the exit code is made.
    public let signal: Int32
    /// What that means for the user, in a clause: "interrupted; model.rgq was not written".
    public let message: String

    /// A stop for `signal`, with what it means for the user.
    public init(signal: Int32, message: String) {
        self.signal = signal
        self.message = message
    }
}

/// Ctrl-C and the like, as something that a command checks between two steps, so that it can tidy up.
public enum Interruption {
    private static let received = Atomic<Int32>(0)
    /// Done once, before any handler can do it.
    private static let madeReadyForRemoval: Void = AtomicFile.prepareRemoval()

    /// From here on SIGINT, SIGTERM and SIGHUP are kept in ``signal`` instead of ending the process. Only the first of each: the
    /// second ends it at once, should the command hang, and removes the temporaries of unfinished files. A signal that was ignored
    /// (`nohup`) stays ignored; one that was blocked, as by programs that start others from a thread of a pool, is unblocked.
    ///
    /// With `keepsInterrupts`, for programs that SIGINT doesn't end, it never ends the process, however often it comes: Ctrl-\ is
    /// for those that hang. Nor does it replace a signal that does end them.
    public static func watch(keepsInterrupts: Bool = false) {
        // Made here, not in the handlers, which may not take a lock.
        _ = madeReadyForRemoval
        received.store(0, ordering: .relaxed)
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var former = sigaction()
            guard sigaction(number, nil, &former) == 0, !isIgnored(former) else { continue }
            var action = sigaction()
            // No SA_RESTART: a read or a write that waits returns.
            action.__sigaction_handler.sa_handler = keepsInterrupts && number == SIGINT ? keep : keepFirst
            sigaction(number, &action, nil)
            sigaddset(&wanted, number)
        }
        pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    }

    /// From here on Ctrl-\ ends the process at once, as it does other programs: Swift's runtime would first describe the crash that
    /// it takes it for, which lasts seconds.
    static func leaveQuitToTheSystem() {
        var former = sigaction()
        guard sigaction(SIGQUIT, nil, &former) == 0, !isIgnored(former) else { return }
        Glibc.signal(SIGQUIT, SIG_DFL)
    }

    /// Keeps SIGINT, unless another signal came before.
    private static let keep: @convention(c) @Sendable (Int32) -> Void = { number in
        _ = Interruption.received.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    }

    /// Keeps a signal; the second ends the process.
    private static let keepFirst: @convention(c) @Sendable (Int32) -> Void = { number in
        Interruption.received.store(number, ordering: .relaxed)
        Glibc.signal(number) { number in
            AtomicFile.removeUnfinished()
            Glibc.signal(number, SIG_DFL)
            // Comes when this handler returns.
            raise(number)
        }
    }

    /// Forgets SIGINT, whose work is done; a signal that ends the program stays. For programs that watch with `keepsInterrupts`.
    public static func forgetInterrupt() { _ = received.compareExchange(expected: SIGINT, desired: 0, ordering: .relaxed) }

    /// The signal that came since ``watch(keepsInterrupts:)`` and was not forgotten, or nil.
    public static var signal: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// What ends a wait for input.
    enum Arrival {
        /// Something can be read, or the end of the file.
        case input
        /// ``signal`` is there.
        case signal
        /// The terminal has another size (``Terminal/watchSize()``).
        case resize
    }

    /// Waits until something can be read from a descriptor, or for a signal, which is not missed between looking for it and
    /// waiting. (A descriptor that select(2) has no room for is not waited for: reading it waits.)
    static func waitForInput(_ descriptor: Int32) -> Arrival {
        guard 0..<Int32(FD_SETSIZE) ~= descriptor else { return signal == nil ? .input : .signal }
        var watched = sigset_t(), former = sigset_t()
        sigemptyset(&watched)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGWINCH] { sigaddset(&watched, number) }
        // They come while pselect(2) waits, and not before.
        pthread_sigmask(SIG_BLOCK, &watched, &former)
        defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
        while signal == nil {
            if Terminal.takeResize() { return .resize }
            var wanted = fd_set()
            withUnsafeMutableBytes(of: &wanted) { $0[Int(descriptor) / 8] |= 1 << UInt8(descriptor % 8) }
            let count = pselect(descriptor + 1, &wanted, nil, nil, nil, &former)
            // An error other than a signal: reading will tell.
            if count > 0 || count < 0 && errno != EINTR { return .input }
        }
        return .signal
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
