import Griffin

/// A conversation with a ``Model``: the state after the tokens so far, and the logits after the last of them.
///
/// Of one size however long the conversation. Used by one thread at a time; sessions of one model may be used on different threads,
/// and take turns.
public final class Session {
    public let model: Model
    let sampler: Sampler
    private(set) var recent = RecentTokens()
    private let state: State
    private let logitsMemory: UnsafeMutablePointer<Float>
    private var hasLogits = false
    /// True if the last thing consumed is an answer in a chat, whose turn has not been ended.
    var isTurnOpen = false

    /// Tokens consumed so far.
    public var position: Int64 { state.position }

    init(model: Model) throws(ModelError) {
        guard let state = State(model.configuration, element: model.weights.cacheElement) else {
            throw ModelError(.memory, "no memory for a session of \(model.sessionBytes) bytes; close other programs")
        }
        self.model = model
        self.state = state
        sampler = Sampler(vocabularySize: model.configuration.vocabularySize)
        logitsMemory = .allocate(capacity: model.configuration.vocabularySize)
        logitsMemory.initialize(repeating: 0, count: model.configuration.vocabularySize)
    }

    deinit { logitsMemory.deallocate() }

    /// Bytes that a session allocates.
    static func byteCount(_ model: Model) -> Int {
        State.byteCount(model.configuration, element: model.weights.cacheElement)
            + model.configuration.vocabularySize * MemoryLayout<Float>.size
            + Sampler.byteCount(vocabularySize: model.configuration.vocabularySize)
    }

    /// The logits after the last token, soft-capped; nil before the first. Valid until the session is next changed. [vocabulary]
    public var logits: UnsafeBufferPointer<Float>? {
        hasLogits ? UnsafeBufferPointer(start: logitsMemory, count: model.configuration.vocabularySize) : nil
    }

    /// Consumes any number of tokens, in chunks. Throws, with nothing consumed, if one is outside the vocabulary.
    public func feed(_ tokens: [UInt32]) throws(ModelError) {
        try check(tokens)
        tokens.withUnsafeBufferPointer { tokens in
            forEachChunk(of: tokens, size: model.chunk) { chunk, isLast in
                model.feed(chunk, to: state, output: isLast ? .last(logitsMemory) : .none)
            }
        }
        hasLogits = hasLogits || !tokens.isEmpty
    }

    /// Consumes tokens and calls `eachLogits` with the logits after every one of them, in order, which are valid during the call.
    ///
    /// Besides the session, allocates room for the logits of a chunk: at most 32 MB, in smaller chunks if the vocabulary is large.
    public func feed(
        _ tokens: [UInt32], eachLogits: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) throws(ModelError) {
        try check(tokens)
        let vocabulary = model.configuration.vocabularySize
        let size = max(1, min(model.chunk, tokens.count, (8 << 20) / vocabulary))
        let logits = UnsafeMutableBufferPointer<Float>.allocate(capacity: size * vocabulary)
        defer { logits.deallocate() }
        guard let start = logits.baseAddress else { return }
        var index = 0
        tokens.withUnsafeBufferPointer { tokens in
            forEachChunk(of: tokens, size: size) { chunk, _ in
                model.feed(chunk, to: state, output: .all(start))
                for row in 0..<chunk.count {
                    eachLogits(index, UnsafeBufferPointer(start: start + row * vocabulary, count: vocabulary))
                    index += 1
                }
                logitsMemory.update(from: start + (chunk.count - 1) * vocabulary, count: vocabulary)
            }
        }
        hasLogits = hasLogits || !tokens.isEmpty
    }

    /// Consumes one token, without an array to hold it.
    func feed(_ token: UInt32) {
        withUnsafePointer(to: token) { pointer in
            let chunk = UnsafeBufferPointer(start: pointer, count: 1)
            recent.append(chunk)
            model.feed(chunk, to: state, output: .last(logitsMemory))
        }
        hasLogits = true
    }

    /// Back to position 0, without allocating.
    public func reset() {
        state.reset()
        recent.removeAll()
        hasLogits = false
        isTurnOpen = false
    }

    private func check(_ tokens: [UInt32]) throws(ModelError) {
        let vocabulary = model.configuration.vocabularySize
        if let index = tokens.firstIndex(where: { Int($0) >= vocabulary }) {
            throw ModelError(.argument, "token \(tokens[index]) (number \(index + 1)) is outside the vocabulary of \(vocabulary)")
        }
    }

    private func forEachChunk(
        of tokens: UnsafeBufferPointer<UInt32>, size: Int, _ body: (_ chunk: UnsafeBufferPointer<UInt32>, _ isLast: Bool) -> Void
    ) {
        var first = 0
        while first < tokens.count {
            let end = min(first + size, tokens.count)
            let chunk = UnsafeBufferPointer(rebasing: tokens[first..<end])
            recent.append(chunk)
            body(chunk, end == tokens.count)
            first = end
        }
    }
}
