/// A moment of a conversation, to come back to: a copy of all that a ``Session`` remembered.
///
/// As large as the session's memory, but the system gives pages only for what there is to copy: for a short conversation with the
/// 2B model 2 MB and 16 KB a token.
public final class Moment {
    /// Tokens that the session had consumed.
    public var position: Int64 { memory.state.position }
    let model: Model
    let memory: SessionMemory

    init(of model: Model) throws(ModelError) {
        self.model = model
        memory = try SessionMemory(model)
    }
}

extension Session {
    /// An independent session at the same point of the same conversation. Takes as long as copying ``Model/sessionBytes`` bytes.
    public func fork() throws(ModelError) -> Session {
        let copy = try model.makeSession()
        settle()
        copy.memory.copy(from: memory)
        return copy
    }

    /// Keeps this moment, to ``rewind(to:)`` it as often as wanted.
    public func checkpoint() throws(ModelError) -> Moment {
        let moment = try Moment(of: model)
        update(moment)
        return moment
    }

    /// Keeps this moment in the place of another one of this model, without allocating.
    func update(_ moment: Moment) {
        settle()
        moment.memory.copy(from: memory)
    }

    /// Back, or on, to a moment of this session or of another one of the same model, without allocating: what comes next is the
    /// same, to the bit, as it was there. Throws, and leaves the session as it is, for a moment of another model.
    public func rewind(to moment: Moment) throws(ModelError) {
        guard moment.model.file.fingerprint == model.file.fingerprint else {
            throw ModelError(
                .mismatch,
                "the moment is one of another model, \(moment.model.file.path); rewind to one of \(model.file.path)")
        }
        rewind(toOwn: moment)
    }

    /// Back to a moment that is known to be of this model.
    func rewind(toOwn moment: Moment) {
        settle()
        memory.copy(from: moment.memory)
    }
}
