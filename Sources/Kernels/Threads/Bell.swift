import CSIMD
import Glibc
import Synchronization

/// Waiting that is quick when it is short and costs nothing when it is long: it spins, then sleeps until the bell rings.
final class Bell: @unchecked Sendable {
    /// Turns of the spin loop: some 50 µs, several times what waking a thread costs.
    private static let spins = 2_000

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let sleepers = Atomic<Int>(0)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Returns when `isPending` is false. It must read what it depends on in sequentially consistent order, and whoever makes it
    /// false must do so in that order and then call ``ring()``.
    @inline(__always)
    func wait(while isPending: () -> Bool) {
        for _ in 0..<Bell.spins {
            guard isPending() else { return }
            csimd_pause()
        }
        pthread_mutex_lock(mutex)
        // From here on a bell that rings after the change sees a sleeper, and takes the lock to wake it.
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while isPending() { pthread_cond_wait(condition, mutex) }
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    /// Wakes those who sleep.
    func ring() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}
