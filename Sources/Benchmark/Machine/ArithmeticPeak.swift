import Kernels
import KernelTypes
import Synchronization
import System
import Tiles

/// How fast a set of kernels could multiply if nothing had to be loaded: what bounds prefill.
public enum ArithmeticPeak {
    /// Operations per second that `team` does with the set's instructions for weights of `type`, the best of several passes. A
    /// multiplication and an addition are two operations.
    public static func measure(_ kernels: KernelSet, _ type: WeightType, team: ThreadTeam) -> Double {
        let rounds = roundsPerShare(kernels, type)
        var best = 0.0
        for _ in 0..<8 {
            let pass = PeakPass(kernels, type, rounds: rounds, shares: 64 * team.count)
            let seconds = Stopwatch.seconds { team.run(pass) }
            best = max(best, Double(pass.operations.load(ordering: .relaxed)) / seconds)
        }
        return best
    }

    /// Rounds that take some 50 µs, so that members end a pass together.
    private static func roundsPerShare(_ kernels: KernelSet, _ type: WeightType) -> Int {
        var rounds = 1
        while rounds < 1 << 24, Stopwatch.seconds({ _ = kernels.arithmeticPeak(type, rounds) }) < 50e-6 { rounds *= 2 }
        return rounds
    }
}

/// Some rounds. Members take shares of them until none is left.
private final class PeakPass: TeamJob {
    let operations = Atomic<Int>(0)
    private let kernels: KernelSet
    private let type: WeightType
    private let rounds: Int
    private let shares: Int
    private let next = Atomic<Int>(0)

    init(_ kernels: KernelSet, _ type: WeightType, rounds: Int, shares: Int) {
        self.kernels = kernels
        self.type = type
        self.rounds = rounds
        self.shares = shares
    }

    func run(_ member: TeamMember) {
        while next.wrappingAdd(1, ordering: .relaxed).oldValue < shares {
            operations.wrappingAdd(kernels.arithmeticPeak(type, rounds), ordering: .relaxed)
        }
    }
}
