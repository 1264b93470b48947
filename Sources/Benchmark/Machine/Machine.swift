import KernelTypes
import Kernels
import Tiles

/// A number of threads on this machine, and what they can do at most.
public final class Machine {
    /// The threads that compute.
    public let team: ThreadTeam
    /// The kernels that are measured.
    public let kernels: KernelSet
    let buffer: StreamBuffer

    /// Starts `threads` threads, the caller's included; `buffer` is what the read bandwidth is measured with.
    public init(threads: Int, kernels: KernelSet, buffer: StreamBuffer) {
        team = ThreadTeam(count: threads)
        self.kernels = kernels
        self.buffer = buffer
    }

    /// Does `test` between two measurements of what bounds it, and returns what it returned.
    func bounded<Result, Failure>(
        by limit: () -> Double, _ test: () throws(Failure) -> Result
    ) throws(Failure) -> (result: Result, limit: Limit) {
        let before = limit(), coreBefore = CoreProbe.measure(team: team)
        let result = try test()
        let coreAfter = CoreProbe.measure(team: team), after = limit()
        return (result, Limit(before: before, after: after, instructionsPerCycle: (coreBefore, coreAfter)))
    }

    /// Measures what bounds a test: the read bandwidth, or the arithmetic peak for weights of `type`.
    func limit(_ unit: Speed.Unit, _ type: WeightType) -> Double {
        switch unit {
        case .bytes: ReadBandwidth.measure(buffer, team: team)
        case .operations: ArithmeticPeak.measure(kernels, type, team: team)
        }
    }
}
