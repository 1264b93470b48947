import Glibc

/// A lock with which threads wait for each other's changes.
public final class Monitor: Sendable {
    private let lock = Lock()
    private nonisolated(unsafe) let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// A monitor that nobody holds.
    public init() { pthread_cond_init(changed, nil) }

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

    /// In ``withLock(_:)``: lets those that wait look again.
    public func wakeAll() { pthread_cond_broadcast(changed) }
}
