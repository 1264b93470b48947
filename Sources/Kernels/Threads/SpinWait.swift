import CSIMD
import Synchronization
import System

/// Waiting that is quick when it is short and costs nothing when it is long: it spins, then sleeps until ``wake()``.
package final class SpinWait: @unchecked Sendable {
    private let monitor = Monitor()
    private let sleepers = Atomic<Int>(0)

    package init() {}

    /// Returns when `isPending` is false. It must read what it depends on in sequentially consistent order, and whoever makes it
    /// false must do so in that order and then call ``wake()``.
    package func wait(while isPending: () -> Bool) {
        guard isPending() else { return }
        let watch = Stopwatch()
        var limit = SpinLimit()
        repeat {
            guard isPending() else { return }
            csimd_pause()
        } while limit.allowsMore { watch.nanoseconds }
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

/// When to stop spinning: after a time, since a round of the loop takes 10 ns on one processor and 50 on another.
struct SpinLimit {
    /// Several times what waking a thread costs.
    static let nanoseconds = 50_000
    /// Rounds from one look at the clock to the next, which takes as long as some of them.
    static let roundsPerLook = 32

    private var rounds = 0

    /// Whether to go on after one more round, with a clock that began with the first.
    @inline(__always)
    mutating func allowsMore(nanoseconds: () -> Int) -> Bool {
        rounds += 1
        return rounds % SpinLimit.roundsPerLook != 0 || nanoseconds() < SpinLimit.nanoseconds
    }
}
