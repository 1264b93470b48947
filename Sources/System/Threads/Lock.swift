import Glibc

/// A mutex of the C library, for what is used by one thread at a time.
///
/// Swift's own (`Synchronization.Mutex`) holds the kernel's thread numbers, which differ in a child process after fork(2), and the
/// tools that look for races (ThreadSanitizer, helgrind) don't know it.
public final class Lock: @unchecked Sendable {
    let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    /// A lock that nobody holds.
    public init() { pthread_mutex_init(mutex, nil) }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` while nobody else holds the lock. `body` must not call this again.
    @inline(__always)
    public func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}
