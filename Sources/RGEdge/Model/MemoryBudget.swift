import Griffin
import ModelFile
import System

/// What a model needs in memory, against what the system leaves.
struct MemoryBudget {
    /// Bytes of the file's tensors.
    let weights: Int
    /// Bytes that are, or may be, allocated beside them: what all sessions share, and a session with a copy to go back to.
    let allocated: Int
    /// Bytes that encoding a prompt takes, for a moment: they must be there, but are better used by weights, which the system may
    /// take for that moment.
    let encoder: Int
    /// Bytes that reading weights from the disk takes in addition.
    let streaming: Int
    /// Bytes of weights that always stay: all but the matrices.
    let fixed: Int

    init(_ file: ModelFile, allocated: Int, encoder: Int, threads: Int) {
        weights = file.tensors.reduce(0) { $0 + $1.byteCount }
        fixed = file.tensors.reduce(0) { $0 + ($1.isTiled ? 0 : $1.byteCount) }
        self.allocated = allocated
        self.encoder = encoder
        streaming = ForwardPass.streamBytes(file, threads: threads)
    }

    /// Bytes that stay unused: for the program and the system's tables, and since what the system says is an estimate.
    private static func margin(_ available: Int) -> Int { 16_000_000 + available / 40 }

    /// Bytes of weights that should stay in memory if the system leaves `available`; nil if all can.
    func residentBytes(available: Int) -> Int? {
        let left = available - allocated - Self.margin(available)
        return left >= weights + encoder ? nil : max(fixed, left - streaming)
    }

    /// Bytes that are missing to run the model with `resident` of its weights in memory, or all; 0 if none.
    func missing(resident: Int?, available: Int) -> Int {
        let needed = allocated + encoder + (resident.map { max(fixed, min($0, weights)) + streaming } ?? weights)
        return max(0, needed - available)
    }
}

extension Model {
    /// What of the weights is to be read in each pass; nil for nothing. Throws if the weights that are to stay don't fit.
    static func streamPlan(
        _ residency: Residency, _ file: ModelFile, _ budget: MemoryBudget, available: Int?
    ) throws(ModelError) -> StreamPlan? {
        func check(resident: Int?, _ advice: String) throws(ModelError) {
            guard let available else { return }
            let missing = budget.missing(resident: resident, available: available)
            guard missing == 0 else {
                throw ModelError(
                    .memory,
                    "\(file.path): to run it, \(megabytes(missing)) are missing beside the \(megabytes(available)) that the system leaves; "
                        + advice)
            }
        }
        switch residency {
        case .mapped: return nil
        // Memory already, which the system doesn't count as free.
        case .all where file.isInMemory, .auto where file.isInMemory: return nil
        case .all:
            try check(resident: nil, "keep less of it in memory, or close other programs")
            return nil
        case .bytes where !file.isOnDisk:
            throw ModelError(
                .argument, "\(file.path): weights that are in memory stay there; leave out how many bytes of them are to stay")
        case .bytes(let bytes):
            try check(resident: bytes >= budget.weights ? nil : bytes, "keep less of it in memory, or close other programs")
            return StreamPlan(file, residentBytes: bytes)
        case .auto:
            guard let available, let bytes = budget.residentBytes(available: available) else { return nil }
            try check(resident: 0, "close other programs, or leave it to the system (\"mapped\")")
            return StreamPlan(file, residentBytes: bytes)
        }
    }

    private static func megabytes(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
}
