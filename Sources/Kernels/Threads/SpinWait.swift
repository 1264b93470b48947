import CSIMD
import Synchronization
import System

/// Waiting that is quick when it is short and costs nothing when it is long: it spins, then sleeps until ``wake()``.
package final class SpinWait: @unchecked Sendable {
    /// Rounds of the spin loop: some 50 µs, several times what waking a thread costs.
    private static let spins = 2_000

    private let monitor = Monitor()
    private let sleepers = Atomic<Int>(0)

    package init() {}

    /// Returns when `isPending` is false. It must read what it depends on in sequentially consistent order, and whoever makes it
    /// false must do so in that order and then call ``wake()``.
    package func wait(while isPending: () -> Bool) {
        for _ in 0..<SpinWait.spins {
            guard isPending() else { return }
            csimd_pause()
        }
        monitor.withLock {
            // From here on, a `wake()` after the change sees a sleeper and takes the lock to wake it.
            sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
            while isPending() { monitor.wait() }
            sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        }
    }

    /// Wakes those who sleep.
    package func wake() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        monitor.withLock { monitor.wakeAll() }
    }
}
