import Glibc
import Griffin
import System

/// All that a session remembers. Its size does not depend on the length of the conversation. Forks, snapshots and files are copies
/// of it.
final class SessionMemory {
    let state: State
    /// After the last token; nothing before the first. Its place in memory changes with each chunk. [vocabulary]
    var logits: UnsafeMutableBufferPointer<Float>
    private(set) var recent = RecentTokens()
    private(set) var tokenHash = TokenHash()
    private(set) var turn: TurnState
    private(set) var transcript: Transcript

    init(_ model: Model) throws(ModelError) {
        guard let state = State(model.configuration, element: model.weights.cacheElement),
            let logits = SystemMemory.zeroed(Float.self, count: model.configuration.vocabularySize)
        else { throw .noMemory(forSessionOf: model) }
        self.state = state
        turn = TurnState(model)
        transcript = Transcript(model)
        self.logits = UnsafeMutableBufferPointer(start: logits, count: model.configuration.vocabularySize)
    }

    deinit { free(logits.baseAddress) }

    /// Bytes allocated.
    static func byteCount(_ model: Model) -> Int {
        State.byteCount(model.configuration, element: model.weights.cacheElement)
            + model.configuration.vocabularySize * MemoryLayout<Float>.size
    }

    /// Notes a token that the state is about to consume: all that is remembered of tokens follows from this.
    func note(_ token: UInt32) {
        recent.append(token)
        tokenHash.append(token)
        turn.append(token)
        transcript.append(token)
    }

    /// Takes over what a saved session knows of its tokens: the last ones, whether they are all, the hash of all, and whether a turn
    /// is open if none of the last ones started or ended one.
    func resume(recent tokens: [UInt32], areAll: Bool, tokenHash: TokenHash, isTurnOpen: Bool) {
        recent.removeAll()
        turn.reset(isOpen: isTurnOpen)
        transcript.reset(isKnown: areAll)
        for token in tokens { note(token) }
        self.tokenHash = tokenHash
    }

    /// Takes over a transcript, of the same tokens, that is known.
    func resume(_ transcript: Transcript) { self.transcript = transcript }

    /// Becomes a copy of `other`, which is of the same model, without allocating.
    func copy(from other: SessionMemory) {
        state.copy(from: other.state)
        _ = logits.update(fromContentsOf: other.logits)
        recent.copy(from: other.recent)
        tokenHash = other.tokenHash
        turn = other.turn
        transcript = other.transcript
    }

    /// Becomes what it was when new, without allocating.
    func reset() {
        state.reset()
        recent.removeAll()
        tokenHash = TokenHash()
        turn.reset()
        transcript.reset()
    }
}
