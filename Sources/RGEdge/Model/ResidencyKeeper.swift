import Griffin
import ModelFile
import System

/// Keeps the resident part of a model as large as memory allows, while that changes (``Residency/auto``).
struct ResidencyKeeper {
    private let budget: MemoryBudget
    private var evictions = EvictionWatch()
    private var sinceLook = Stopwatch()
    /// What the system left when weights were taken away: only if it is clearly more, the part grows.
    private var availableAtEviction = 0

    /// Seconds from one look at whether there is room for more to the next.
    private static let interval = 5.0

    init(_ budget: MemoryBudget) { self.budget = budget }

    /// Looks after a pass whether the part should change, and changes it; true if it did. Called while nobody computes.
    mutating func notePass(_ forwardPass: ForwardPass, _ file: ModelFile) -> Bool {
        if evictions.notePass() { return shrink(forwardPass, file) }
        guard let plan = forwardPass.streamPlan, sinceLook.seconds > Self.interval else { return false }
        sinceLook = Stopwatch()
        return grow(forwardPass, file, plan)
    }

    /// What is allocated is allocated by now: the system's figure has it no more.
    private func residentBytes(_ available: Int, streams: Bool) -> Int? {
        budget.residentBytes(available: available + budget.allocated + (streams ? budget.streaming : 0))
    }

    private mutating func shrink(_ forwardPass: ForwardPass, _ file: ModelFile) -> Bool {
        let resident = forwardPass.streamPlan?.residentBytes ?? budget.weights
        let available = ProcessMemory.available ?? 0
        availableAtEviction = available
        // The system takes things away even if it says that there is room, so a sixteenth goes in any case.
        let fitting = residentBytes(available, streams: forwardPass.streamPlan != nil) ?? budget.weights
        evictions = EvictionWatch()
        return change(forwardPass, file, to: max(budget.fixed, min(fitting, resident - resident / 16)))
    }

    private func grow(_ forwardPass: ForwardPass, _ file: ModelFile, _ plan: StreamPlan) -> Bool {
        guard let available = ProcessMemory.available, available > availableAtEviction + budget.weights / 8 else { return false }
        let fitting = residentBytes(available, streams: true) ?? budget.weights
        return fitting > plan.residentBytes + budget.weights / 16 && change(forwardPass, file, to: fitting)
    }

    /// If the system has no memory to read from the disk, things stay as they are, which is slow but right.
    private func change(_ forwardPass: ForwardPass, _ file: ModelFile, to bytes: Int) -> Bool {
        forwardPass.setStreamPlan(StreamPlan(file, residentBytes: bytes))
    }
}
