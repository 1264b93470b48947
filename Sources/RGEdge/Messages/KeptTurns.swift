/// Where the last turns of a conversation began, so that a session can go back there: a fixed number of snapshots.
struct KeptTurns {
    /// The one that was used longest ago first.
    private(set) var snapshots: [Snapshot]

    /// Snapshots that are none yet. Throws if there is no memory.
    init(_ count: Int, of model: Model) throws(ModelError) {
        snapshots = []
        for _ in 0..<count { snapshots.append(try Snapshot(of: model)) }
    }

    /// Keeps where a session was that had this memory, in place of what was used longest ago, unless it is kept already.
    mutating func keep(_ memory: SessionMemory) {
        let known = snapshots.firstIndex { $0.position == memory.state.position && $0.memory.tokenHash == memory.tokenHash }
        guard !snapshots.isEmpty else { return }
        let snapshot = snapshots.remove(at: known ?? 0)
        if known == nil { snapshot.memory.copy(from: memory) }
        snapshots.append(snapshot)
    }
}

extension Session {
    /// The most of ``keepTurns(_:)``.
    public static let keptTurnLimit = 100

    /// Has the session remember where its last turns began, for ``generate(messages:options:isCancelled:onProgress:onText:)`` to go
    /// back to when a message is another than it was: this many of them, 0 by default. Each takes as much memory as the session, at
    /// once; the system gives pages only as they are needed. Those that were kept are forgotten.
    ///
    /// Copies of the session don't have them. Throws, with nothing changed, for a number that makes no sense, and if there is no
    /// memory.
    public func keepTurns(_ count: Int) throws(ModelError) {
        guard (0...Self.keptTurnLimit).contains(count) else {
            throw ModelError(.argument, "keeping \(count) turns is not possible; give a number in 0…\(Self.keptTurnLimit)")
        }
        keptTurns = try KeptTurns(count, of: model)
    }
}
