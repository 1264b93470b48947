/// A snapshot of a conversation, to come back to: a copy of all that a ``Session`` remembered.
///
/// As large as the session's memory, but the system gives pages only for what there is to copy: for a short conversation with the
/// 2B model 2 MB and 8 KB per token. Any number of threads may use it at once: it never changes.
public final class Snapshot: Sendable {
    /// Tokens that the session had consumed.
    public var position: Int64 { memory.state.position }
    let model: Model
    /// Changed by ``Session/update(_:)`` alone, for whoever has not given the snapshot away yet.
    nonisolated(unsafe) let memory: SessionMemory

    init(of model: Model) throws(ModelError) {
        self.model = model
        memory = try SessionMemory(model, canBeFed: false)
    }
}

extension Session {
    /// An independent session at the same point of the same conversation. Takes as long as copying ``Model/sessionBytes`` bytes.
    public func fork() throws(ModelError) -> sending Session {
        try claim()
        // Another thread may have it: nothing in it is this session's.
        nonisolated(unsafe) let copy = try model.makeSession()
        try completeLogits()
        copy.memory.copy(from: memory)
        return copy
    }

    /// A snapshot of this point, to ``restore(_:)`` as often as wanted.
    public func snapshot() throws(ModelError) -> Snapshot {
        try claim()
        let snapshot = try Snapshot(of: model)
        try completeLogits()
        update(snapshot)
        return snapshot
    }

    /// Makes `snapshot`, which is of this model, one of this point, without allocating.
    func update(_ snapshot: Snapshot) {
        settle()
        snapshot.memory.copy(from: memory)
    }

    /// Back, or on, to a snapshot of this session or of another one of the same model, without allocating: what comes next is the
    /// same, to the bit, as it was there. Throws, and leaves the session as it is, for a snapshot of another model.
    public func restore(_ snapshot: Snapshot) throws(ModelError) {
        try claim()
        guard snapshot.model.file.fingerprint == model.file.fingerprint else {
            throw ModelError(
                .mismatch,
                "the snapshot is one of another model, \(snapshot.model.file.path); rewind to one of \(model.file.path)")
        }
        restore(own: snapshot)
    }

    /// Back to a snapshot that is known to be of this model.
    func restore(own snapshot: Snapshot) {
        settle()
        memory.copy(from: snapshot.memory)
    }
}
