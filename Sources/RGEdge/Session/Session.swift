import Glibc
import Griffin
import System

/// A conversation with a ``Model``: the state after the tokens so far, and the logits after the last of them.
///
/// Its size does not depend on the length of the conversation. Used by one thread at a time; sessions of one model may be used on
/// different threads, and take turns.
public final class Session {
    /// The model that it is a conversation with.
    public let model: Model
    let sampler: Sampler
    let memory: SessionMemory
    /// Computes ahead while an answer is generated; ``memory`` then lags behind until it is settled.
    var lookahead: Lookahead?
    /// Where its last turns began, if that is kept.
    var keptTurns: KeptTurns?

    /// Tokens consumed so far.
    public var position: Int64 { memory.state.position + Int64(lookahead?.used ?? 0) }
    /// The last tokens consumed.
    var recent: RecentTokens { memory.recent }

    init(model: Model) throws(ModelError) {
        self.model = model
        memory = try SessionMemory(model)
        guard let sampler = Sampler(vocabularySize: model.configuration.vocabularySize) else {
            throw .noMemory(forSessionOf: model)
        }
        self.sampler = sampler
    }

    /// Bytes that a session allocates.
    static func byteCount(_ model: Model) -> Int {
        SessionMemory.byteCount(model) + Sampler.byteCount(vocabularySize: model.configuration.vocabularySize)
    }

    /// The logits after the last token, soft-capped; nil before the first. Valid until the session is next changed. [vocabulary]
    public var logits: UnsafeBufferPointer<Float>? {
        if let ahead = lookahead?.current { return UnsafeBufferPointer(start: ahead, count: memory.logits.count) }
        return position > 0 ? UnsafeBufferPointer(memory.logits) : nil
    }

    /// Consumes any number of tokens, in chunks. Throws, with nothing consumed, if one is outside the vocabulary, if the model
    /// comes to numbers that are infinite or NaN (``ModelError/Kind/content``), and where a guarded file can't be read any more
    /// (``Model/Options/guardFile``). To be able to go back, feeding more than ``Model/chunkCapacity`` tokens needs room for a
    /// second copy of the session's memory, except at position 0.
    public func feed(_ tokens: [UInt32]) throws(ModelError) {
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in try feed(tokens) }
    }

    /// The same for tokens in the caller's memory.
    public func feed(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        try check(tokens)
        try orStay(isOneChunk: tokens.count <= model.chunkCapacity) { () throws(ModelError) in try consume(tokens) }
    }

    /// Runs `body`, which consumes tokens; if it throws, the session is as before. A single chunk is consumed whole or not at all,
    /// and needs no way back.
    func orStay<Result>(isOneChunk: Bool, _ body: () throws(ModelError) -> Result) throws(ModelError) -> Result {
        guard !isOneChunk else { return try body() }
        let start = position > 0 ? try snapshot() : nil
        do throws(ModelError) {
            return try body()
        } catch {
            if let start { restore(own: start) } else { reset() }
            throw error
        }
    }

    /// Consumes tokens that are known to be in the vocabulary. If it throws, whole chunks may have been consumed.
    func consume(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        _ = try consumeUnlessCancelled(tokens, isCancelled: { false })
    }

    /// The same; `isCancelled` is asked before each pass. If it returns true, this stops there, without logits, and returns false.
    /// `onProgress` is told after each pass how many of the tokens have been consumed.
    func consumeUnlessCancelled(
        _ tokens: UnsafeBufferPointer<UInt32>, isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void = { _ in }
    ) throws(ModelError) -> Bool {
        settle()
        return try forEachChunk(of: tokens, size: model.chunkCapacity, isCancelled: isCancelled, onProgress: onProgress) {
            chunk, isLast throws(ModelError) in
            try model.feed(chunk, to: memory, wantsLogits: isLast)
        }
    }

    /// Consumes tokens and calls `eachLogits` with the logits after every one of them, in order, which are valid during the call.
    ///
    /// Besides the session, allocates room for the logits of a chunk: at most 32 MB, in smaller chunks if the vocabulary is large.
    /// Throws, with nothing consumed, if a token is outside the vocabulary, or if there is no memory for that; and
    /// ``ModelError/Kind/cancelled`` if `isCancelled`, which is asked before each pass, says so.
    public func feed(
        _ tokens: [UInt32], eachLogits: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void,
        isCancelled: () -> Bool = { false }
    ) throws(ModelError) {
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in try check(tokens) }
        settle()
        let vocabulary = model.configuration.vocabularySize
        let size = max(1, min(model.chunkCapacity, tokens.count, (8 << 20) / vocabulary))
        guard let start = SystemMemory.zeroed(Float.self, count: size * vocabulary) else {
            throw .noMemory(forLogitsOf: size)
        }
        defer { free(start) }
        var index = 0
        try orStay(isOneChunk: tokens.count <= size) { () throws(ModelError) in
            try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
                let isWhole = try forEachChunk(of: tokens, size: size, isCancelled: isCancelled, onProgress: { _ in }) {
                    chunk, _ throws(ModelError) in
                    try model.feed(chunk, to: memory, allLogits: start)
                    for row in 0..<chunk.count {
                        eachLogits(index, UnsafeBufferPointer(start: start + row * vocabulary, count: vocabulary))
                        index += 1
                    }
                    memory.logits.baseAddress?.update(from: start + (chunk.count - 1) * vocabulary, count: vocabulary)
                }
                if !isWhole { throw .cancelled(feeding: tokens.count) }
            }
        }
    }

    /// Consumes one token that is known to be in the vocabulary, without an array to hold it. If it throws, the session is as
    /// before.
    func consume(_ token: UInt32) throws(ModelError) {
        if let lookahead { return try lookahead.feed(token, to: memory, of: model) }
        try withUnsafePointer(to: token) { token throws(ModelError) in try consume(UnsafeBufferPointer(start: token, count: 1)) }
    }

    /// Brings ``memory`` to where the session is.
    func settle() { lookahead?.settle(memory) }

    /// Stops computing ahead.
    func endLookahead() {
        settle()
        lookahead = nil
    }

    /// Back to position 0, without allocating.
    public func reset() {
        settle()
        memory.reset()
    }

    /// Throws unless tokens can be consumed.
    func check(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        try model.checkFile()
        let vocabulary = model.configuration.vocabularySize
        if let index = tokens.firstIndex(where: { Int($0) >= vocabulary }) {
            throw ModelError(.argument, "token \(tokens[index]) (number \(index + 1)) is outside the vocabulary of \(vocabulary)")
        }
    }

    /// False if `isCancelled`, which is asked before each chunk, ended it. `onProgress` is told after each how many tokens are done.
    private func forEachChunk(
        of tokens: UnsafeBufferPointer<UInt32>, size: Int, isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void,
        _ body: (_ chunk: UnsafeBufferPointer<UInt32>, _ isLast: Bool) throws(ModelError) -> Void
    ) throws(ModelError) -> Bool {
        var first = 0
        while first < tokens.count {
            if isCancelled() { return false }
            let end = min(first + size, tokens.count)
            let chunk = UnsafeBufferPointer(rebasing: tokens[first..<end])
            try body(chunk, end == tokens.count)
            for token in chunk { memory.note(token) }
            first = end
            onProgress(end)
        }
        return true
    }
}
