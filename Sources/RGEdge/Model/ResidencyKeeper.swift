import Griffin
import ModelFile
import System

/// Keeps the resident part of a model as large as memory allows, while that changes (``Residency/auto``).
struct ResidencyKeeper {
    private let budget: MemoryBudget
    private var evictions = EvictionWatch()
    private var sinceLook = Stopwatch()
    private var sinceShrinking = Stopwatch()
    /// Seconds after a part was made smaller in which it doesn't grow: more each time, if it was not for long.
    private var rest = Self.firstRest

    /// Seconds from one look at whether there is room for more to the next.
    private static let interval = 5.0
    private static let firstRest = 10.0, longestRest = 600.0

    init(_ budget: MemoryBudget) { self.budget = budget }

    /// Takes note that a pass begins.
    mutating func beginPass() { evictions.beginPass() }

    /// Looks after a pass whether the part should change, and changes it; true if it did. Called while nobody computes.
    mutating func endPass(_ forwardPass: ForwardPass, _ file: ModelFile) -> Bool {
        if evictions.endPass() { return shrink(forwardPass, file) }
        guard let plan = forwardPass.streamPlan, sinceLook.seconds > Self.interval else { return false }
        sinceLook = Stopwatch()
        return sinceShrinking.seconds > rest && grow(forwardPass, file, plan)
    }

    /// The bytes of weights that fit now; nil if all do. What is allocated is allocated by now: the system's figure has it no more.
    private func fittingBytes(_ available: Int, streams: Bool) -> Int? {
        budget.residentBytes(available: available + budget.allocated + (streams ? budget.streaming : 0))
    }

    private mutating func shrink(_ forwardPass: ForwardPass, _ file: ModelFile) -> Bool {
        evictions = EvictionWatch()
        // Where all fits, the faults are something else's.
        guard let available = ProcessMemory.available,
            let fitting = fittingBytes(available, streams: forwardPass.streamPlan != nil)
        else { return false }
        let resident = forwardPass.streamPlan?.residentBytes ?? budget.weights
        // The system takes things away even if it says that there is room, so a sixteenth goes in any case.
        let smaller = max(budget.fixed, min(fitting, resident - resident / 16))
        rest = sinceShrinking.seconds > 4 * rest ? Self.firstRest : min(2 * rest, Self.longestRest)
        sinceShrinking = Stopwatch()
        return smaller < resident && change(forwardPass, file, to: smaller)
    }

    private func grow(_ forwardPass: ForwardPass, _ file: ModelFile, _ plan: StreamPlan) -> Bool {
        guard let available = ProcessMemory.available else { return false }
        let fitting = fittingBytes(available, streams: true) ?? budget.weights
        return fitting > plan.residentBytes + budget.weights / 16 && change(forwardPass, file, to: fitting)
    }

    /// If the system has no memory to read from the disk, things stay as they are, which is slow but right.
    private func change(_ forwardPass: ForwardPass, _ file: ModelFile, to bytes: Int) -> Bool {
        forwardPass.setStreamPlan(StreamPlan(file, residentBytes: bytes))
    }
}
