import Griffin
import Quantization
import System

/// The covariances of the inputs of the matrices that are being converted, shared by the threads: each is read and factorized once,
/// by whichever thread comes first, and several threads can work on several at once.
///
/// Slices come in the order of the file, so only the covariances of a few inputs are kept: half a megabyte per group of 256.
final class CovarianceCache: @unchecked Sendable {
    /// Inputs whose covariances are kept. Threads are ahead of each other by some slices, seldom by a matrix.
    private static let limit = 3

    /// What is kept of one input.
    private final class Entry {
        var groups: [InputCovariance?]
        var next = 0
        var done = 0
        /// The error of the first group that has one.
        var failure: (group: Int, error: FileProblem)?

        init(count: Int) { groups = Array(repeating: nil, count: count) }
    }

    private let importance: Importance
    private let monitor = Monitor()
    // Under the lock.
    private var entries: [(name: String, entry: Entry)] = []

    init(_ importance: Importance) { self.importance = importance }

    /// The covariances of the groups of a matrix's inputs, those of all matrices of a stack. Throws for statistics that no inputs
    /// can have.
    func covariances(of planned: PlannedTensor) throws(FileProblem) -> [InputCovariance] {
        guard let shape = planned.matrixShape else { return [] }
        let groups = shape.count * InputGroups(columns: shape.columns).count
        let entry = monitor.withLock { self.entry(of: planned.inputName, groups: groups) }
        while let group = monitor.withLock({ Self.claim(entry) }) {
            let result = Result { () throws(FileProblem) in try importance.covariance(of: planned, group: group) }
            monitor.withLock {
                switch result {
                case .success(let covariance): entry.groups[group] = covariance
                case .failure(let error) where entry.failure.map({ group < $0.group }) ?? true: entry.failure = (group, error)
                case .failure: break
                }
                entry.done += 1
                monitor.wakeAll()
            }
        }
        return try monitor.withLock {
            while entry.done < entry.groups.count { monitor.wait() }
            return Result { () throws(FileProblem) in
                if let failure = entry.failure { throw failure.error }
                return entry.groups.compactMap { $0 }
            }
        }.get()
    }

    /// The entry of an input, which becomes the last to be dropped.
    private func entry(of name: String, groups: Int) -> Entry {
        let index = entries.firstIndex { $0.name == name }
        let entry = index.map { entries.remove(at: $0).entry } ?? Entry(count: groups)
        entries.append((name, entry))
        if entries.count > Self.limit { entries.removeFirst() }
        return entry
    }

    private static func claim(_ entry: Entry) -> Int? {
        guard entry.next < entry.groups.count else { return nil }
        entry.next += 1
        return entry.next - 1
    }
}
