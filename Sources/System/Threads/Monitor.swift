import Glibc

/// A lock with which threads wait for each other's changes.
public final class Monitor: Sendable {
    private let lock = Lock()
    private nonisolated(unsafe) let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// A monitor that nobody holds.
    public init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Not the time of day, which somebody may set.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        changed.deallocate()
    }

    /// Runs `body` while no other thread runs one. `body` must not call this again.
    @inline(__always)
    public func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try lock.withLock(body)
    }

    /// In ``withLock(_:)``: lets others have the lock until one of them calls ``wakeAll()``.
    public func wait() { pthread_cond_wait(changed, lock.mutex) }

    /// The same, for no longer than so many seconds.
    public func wait(seconds: Double) {
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let nanoseconds = Int(max(0, min(seconds, 3600)) * 1e9) + end.tv_nsec
        end.tv_sec += nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_cond_timedwait(changed, lock.mutex, &end)
    }

    /// In ``withLock(_:)``: lets those that wait look again.
    public func wakeAll() { pthread_cond_broadcast(changed) }
}
