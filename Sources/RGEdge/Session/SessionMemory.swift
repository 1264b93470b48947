import Glibc
import Griffin

/// All that a session remembers, of one size at any length. Forks, moments and files are copies of it.
final class SessionMemory {
    let state: State
    /// After the last token; nothing before the first. [vocabulary]
    let logits: UnsafeMutableBufferPointer<Float>
    private(set) var recent = RecentTokens()
    private(set) var chain = TokenChain()
    /// True if the last thing consumed is an answer in a chat, whose turn has not been ended.
    var isTurnOpen = false
    /// True if it was computed with a file that could not be read: then all of it is nothing, until it is reset or becomes a copy.
    var isLost = false

    init(_ model: Model) throws(ModelError) {
        guard let state = State(model.configuration, element: model.weights.cacheElement),
            let logits = Memory.zeroed(Float.self, count: model.configuration.vocabularySize)
        else { throw .noMemory(forSessionOf: model) }
        self.state = state
        self.logits = UnsafeMutableBufferPointer(start: logits, count: model.configuration.vocabularySize)
    }

    deinit { free(logits.baseAddress) }

    /// Bytes allocated.
    static func byteCount(_ model: Model) -> Int {
        State.byteCount(model.configuration, element: model.weights.cacheElement)
            + model.configuration.vocabularySize * MemoryLayout<Float>.size
    }

    /// Notes tokens that the state is about to consume.
    func note(_ tokens: UnsafeBufferPointer<UInt32>) {
        recent.append(tokens)
        for token in tokens { chain.append(token) }
    }

    /// Notes a token that the state is about to consume.
    func note(_ token: UInt32) {
        recent.append(token)
        chain.append(token)
    }

    /// Takes tokens as consumed before: the last ones, and the chain of all.
    func resume(recent tokens: [UInt32], chain: TokenChain) {
        recent.removeAll()
        tokens.withUnsafeBufferPointer { recent.append($0) }
        self.chain = chain
    }

    /// Becomes a copy of `other`, which is of the same model, without allocating.
    func copy(from other: SessionMemory) {
        state.copy(from: other.state)
        _ = logits.update(fromContentsOf: other.logits)
        recent.copy(from: other.recent)
        chain = other.chain
        isTurnOpen = other.isTurnOpen
        isLost = other.isLost
    }

    /// Becomes what it was when new, without allocating.
    func reset() {
        state.reset()
        recent.removeAll()
        chain = TokenChain()
        isTurnOpen = false
        isLost = false
    }
}
