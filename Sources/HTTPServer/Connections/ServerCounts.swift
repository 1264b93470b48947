import Synchronization

/// How much there is to do, for any thread to read.
final class ServerCounts: Sendable {
    private let connectionCount = Atomic(0)
    private let activeCount = Atomic(0)

    /// Connections that are open.
    var connections: Int { connectionCount.load(ordering: .relaxed) }
    /// Answers under way.
    var active: Int { activeCount.load(ordering: .relaxed) }

    func add(connections: Int) { connectionCount.add(connections, ordering: .relaxed) }
    func add(active: Int) { activeCount.add(active, ordering: .relaxed) }
}
