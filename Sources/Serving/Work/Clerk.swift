import RGEdge
import System

/// A thread that reads requests one after the other, so that the thread of the connections never waits: parsing, tokenizing, and
/// preparing a grammar take milliseconds, and memory, which is then needed once.
final class Clerk: Sendable {
    private let monitor = Monitor()
    private nonisolated(unsafe) var tasks: [(owner: Owner, run: @Sendable () -> Void)] = []
    /// Whose request was read last.
    private nonisolated(unsafe) var last = Owner.everybody
    private nonisolated(unsafe) var byteCount = 0
    private nonisolated(unsafe) var isClosed = false

    /// Bytes of requests that may wait to be read.
    static let byteLimit = 16 << 20
    /// Requests that may.
    static let limit = 1024

    /// Starts the thread. Throws if the system has none left.
    func start() throws(ModelError) {
        guard let thread = Thread("rg-clerk", blocksSignals: true, { [self] in run() }) else {
            throw ModelError(.memory, "the system has no thread left to read requests; close other programs")
        }
        thread.detach()
    }

    /// Has `body`, which holds so many bytes, called soon; false if too much waits. Owners take turns.
    func add(bytes: Int, of owner: Owner = .everybody, _ body: @escaping @Sendable () -> Void) -> Bool {
        monitor.withLock {
            guard !isClosed, tasks.count < Self.limit, tasks.isEmpty || byteCount + bytes <= Self.byteLimit else { return false }
            byteCount += bytes
            let task: @Sendable () -> Void = { [self] in
                body()
                monitor.withLock { byteCount -= bytes }
            }
            tasks.append((owner, task))
            monitor.wakeAll()
            return true
        }
    }

    /// Ends the thread after what waits.
    func close() {
        monitor.withLock {
            isClosed = true
            monitor.wakeAll()
        }
    }

    private func run() {
        while true {
            let task: (@Sendable () -> Void)? = monitor.withLock {
                while tasks.isEmpty, !isClosed { monitor.wait() }
                guard !tasks.isEmpty else { return nil }
                let next = tasks.remove(at: tasks.firstIndex { $0.owner != last } ?? 0)
                last = next.owner
                return next.run
            }
            guard let task else { return }
            task()
        }
    }
}
