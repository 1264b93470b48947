import Glibc
import Griffin
import System

/// All that a session remembers. Its size does not depend on the length of the conversation. Forks, snapshots and files are copies
/// of it.
final class SessionMemory {
    let state: State
    /// After the last token; nothing before the first. Its place in memory changes with each pass. [vocabulary]
    private(set) var logits: UnsafeMutableBufferPointer<Float>
    /// Where a pass writes logits, until it is known to be good; of no size if the memory only holds a copy. [vocabulary]
    private(set) var nextLogits: UnsafeMutableBufferPointer<Float>
    /// Which of the ``logits`` are there.
    private(set) var extent = LogitsExtent.all
    private let width: Int
    /// Tokens that end an answer.
    private let ends: [UInt32]
    private(set) var recent = RecentTokens()
    private(set) var tokenHash = TokenHash()
    private(set) var turn: TurnState
    private(set) var transcript: Transcript
    /// What the tokens to come obey, and where in it they are.
    private(set) var constrained: ConstrainedAnswer?
    /// The same of a session that was saved, until it is told the constraint.
    private(set) var savedAnswer: UnfinishedAnswer?

    /// What is new, to be fed, or to hold a copy.
    init(_ model: Model, canBeFed: Bool = true) throws(ModelError) {
        let vocabulary = model.configuration.vocabularySize, width = model.configuration.width
        guard let state = State(model.configuration, element: model.weights.cacheElement, canBeFed: canBeFed),
            let logits = SystemMemory.zeroed(Float.self, count: vocabulary + width)
        else { throw .noMemory(forSessionOf: model) }
        let nextLogits = canBeFed ? SystemMemory.zeroed(Float.self, count: vocabulary + width) : nil
        guard nextLogits != nil || !canBeFed else {
            free(logits)
            throw .noMemory(forSessionOf: model)
        }
        self.state = state
        self.width = width
        ends = model.endTokens
        turn = TurnState(model)
        transcript = Transcript(model)
        self.logits = UnsafeMutableBufferPointer(start: logits, count: vocabulary)
        self.nextLogits = UnsafeMutableBufferPointer(start: nextLogits, count: canBeFed ? vocabulary : 0)
    }

    deinit {
        free(logits.baseAddress)
        free(nextLogits.baseAddress)
    }

    /// Bytes allocated.
    static func byteCount(_ model: Model, canBeFed: Bool = true) -> Int {
        State.byteCount(model.configuration, element: model.weights.cacheElement, canBeFed: canBeFed)
            + (canBeFed ? 2 : 1) * (model.configuration.vocabularySize + model.configuration.width) * MemoryLayout<Float>.size
    }

    /// What came out of the layers for the last token, where only few logits are there: behind these. [width]
    var stream: UnsafeMutablePointer<Float>? { logits.baseAddress.map { $0 + logits.count } }
    /// The same for a pass to write. [width]
    var nextStream: UnsafeMutablePointer<Float>? { nextLogits.baseAddress.map { $0 + nextLogits.count } }

    /// The next logits, as many as `extent` says, become those after the last token.
    func useNextLogits(_ extent: LogitsExtent = .all) {
        swap(&logits, &nextLogits)
        self.extent = extent
    }

    /// Takes over the logits after the last token, and if they are few what all can be computed from. [vocabulary], [width]
    func copyLogits(
        from source: UnsafePointer<Float>, _ extent: LogitsExtent = .all, stream newStream: UnsafePointer<Float>? = nil
    ) {
        logits.baseAddress?.update(from: source, count: logits.count)
        if extent == .few, let newStream { stream?.update(from: newStream, count: width) }
        self.extent = extent
    }

    /// Notes that there are no logits, as within a prompt.
    func removeLogits() { extent = .none }

    /// Sets what the tokens to come obey.
    func constrain(_ answer: ConstrainedAnswer?) {
        constrained = answer
        savedAnswer = nil
    }

    /// The constraint of an answer that isn't finished, and how many tokens that has.
    var unfinishedAnswer: UnfinishedAnswer? {
        constrained.map { UnfinishedAnswer(fingerprint: $0.constraint.fingerprint, count: $0.count) } ?? savedAnswer
    }

    /// Takes over what a saved session knows of the constraint of its answer.
    func resume(answer: UnfinishedAnswer?) { savedAnswer = answer }

    /// Notes a token that the state is about to consume: all that is remembered of tokens follows from this.
    func note(_ token: UInt32) {
        recent.append(token)
        tokenHash.append(token)
        turn.append(token)
        transcript.append(token)
        guard constrained != nil || savedAnswer != nil else { return }
        if ends.contains(token) {
            constrain(nil)
        } else {
            constrained?.append(token)
            savedAnswer?.count += 1
        }
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

    /// Notes that of the last token's text only the first `bytes` bytes have been shown.
    func show(_ bytes: Int) {
        guard recent.count > 0 else { return }
        transcript.show(bytes, ofLast: recent[fromEnd: 1])
    }

    /// Becomes a copy of `other`, which is of the same model, without allocating.
    func copy(from other: SessionMemory) {
        state.copy(from: other.state)
        _ = logits.update(fromContentsOf: other.logits)
        extent = other.extent
        if extent == .few, let source = other.stream { stream?.update(from: source, count: width) }
        constrained = other.constrained
        savedAnswer = other.savedAnswer
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
        constrain(nil)
        extent = .all
    }
}
