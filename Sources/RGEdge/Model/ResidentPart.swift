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
        guard keeper?.endPass(forwardPass, file) == true else { return }
        let plan = forwardPass.streamPlan
        let before = currentPlan.withLock { current in
            defer { current = plan }
            return current
        }
        tellChange(from: before, to: plan)
    }

    private func tellChange(from before: StreamPlan?, to plan: StreamPlan?) {
        let streamed = plan?.streamedBytes ?? 0, isMore = streamed > before?.streamedBytes ?? 0
        Log.tell(
            isMore ? .warning : .info,
            "\(file.path): \(isMore ? "memory is short" : "there is memory again"): each token reads \(streamed) bytes from the disk"
        )
    }
}
