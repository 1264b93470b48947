import Glibc

/// The signals that ask for the end, held back for the one thread that waits for them. Made before other threads are, which
/// inherit that: a signal that went to one of them wouldn't wake this one.
struct HeldSignals {
    private var former = sigset_t()

    /// Holds them back, on the thread that will wait.
    init() {
        var held = sigset_t()
        sigemptyset(&held)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&held, number) }
        pthread_sigmask(SIG_BLOCK, &held, &former)
    }

    /// Waits for one of them, for so many seconds at most. It comes while this waits, and not before.
    func wait(seconds: Double) {
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        var mask = former
        _ = pselect(0, nil, nil, nil, &time, &mask)
    }

    /// Lets them come as usual: a second one ends the process at once.
    func release() {
        var mask = former
        pthread_sigmask(SIG_SETMASK, &mask, nil)
    }
}
