import Glibc

/// A thread of the system that runs one function.
struct Thread {
    private let handle: pthread_t

    /// Starts the thread; nil if the system has none left.
    init?(_ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let argument = Unmanaged.passRetained(Body(run: body))
        let result = pthread_create(&handle, nil, { argument in
            if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }, argument.toOpaque())
        guard result == 0 else {
            argument.release()
            return nil
        }
        self.handle = handle
    }

    /// Waits until the function has returned. Once.
    func join() { pthread_join(handle, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// A lock with which threads wait for each other's changes.
final class Monitor: Sendable {
    private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private nonisolated(unsafe) let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` while no other thread runs one.
    func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// In ``withLock(_:)``: lets others have the lock until one of them calls ``wakeAll()``.
    func wait() { pthread_cond_wait(changed, mutex) }

    /// In ``withLock(_:)``: lets those that wait look again.
    func wakeAll() { pthread_cond_broadcast(changed) }
}
