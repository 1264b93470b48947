import Griffin
import ModelFile
import System

/// Which part of a model's weights stays in memory, and what adapts that between passes.
final class ResidentPart: PassWatcher, @unchecked Sendable {
    private let file: ModelFile
    /// Nil if the part is settled. Used by whoever computes.
    private var keeper: ResidencyKeeper?
    /// For those who ask while others compute.
    private let currentPlan = Guarded<StreamPlan?>(nil)

    /// All of it, until ``set(_:in:keeper:)``.
    init(_ file: ModelFile) { self.file = file }

    /// What is read from the disk in each pass; nil for nothing.
    var plan: StreamPlan? { currentPlan.withLock { $0 } }

    /// Decides what stays, and what adapts it later on. False, with nothing changed, if the system refuses memory or threads.
    func set(_ plan: StreamPlan?, in forwardPass: ForwardPass, keeper: ResidencyKeeper?) -> Bool {
        guard forwardPass.setStreamPlan(plan) else { return false }
        currentPlan.withLock { $0 = plan }
        self.keeper = keeper
        return true
    }

    func passBegins() { keeper?.beginPass() }

    func passEnds(_ forwardPass: ForwardPass) {
        if keeper?.endPass(forwardPass, file) == true { currentPlan.withLock { $0 = forwardPass.streamPlan } }
    }
}
