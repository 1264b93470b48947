import Glibc
import Griffin
import System

/// A conversation with a ``Model``: the state after the tokens so far, and the logits after the last of them.
///
/// Its size does not depend on the length of the conversation. Used by one thread at a time; sessions of one model may be used on
/// different threads, and then share passes.
public final class Session {
    /// The model that it is a conversation with.
    public let model: Model
    let sampler: Sampler
    let memory: SessionMemory
    /// What it wants of the next pass.
    let request: PassRequest
    /// Computes ahead while an answer is generated; ``memory`` then lags behind until it is settled.
    var lookahead: Lookahead?
    /// The answer that a stream's thread makes with this session; nil while no stream does.
    var streamed: StreamedAnswer?
    /// Where its last turns began, if that is kept.
    var keptTurns: KeptTurns?

    /// The most tokens that a session can consume: 2^53, which a thousand tokens a second reach after 285,000 years.
    public static let positionLimit: Int64 = 1 << 53

    /// The most tokens that are always fed in one pass, and so whole or not at all without a way back.
    package static let onePassTokens = 16

    /// Tokens consumed so far.
    public var position: Int64 { reading { memory.state.position + Int64(lookahead?.used ?? 0) } }
    /// The last tokens consumed.
    var recent: RecentTokens { memory.recent }

    init(model: Model) throws(ModelError) {
        self.model = model
        memory = try SessionMemory(model)
        request = PassRequest(memory)
        guard let sampler = Sampler(vocabularySize: model.configuration.vocabularySize) else {
            throw .noMemory(forSessionOf: model)
        }
        self.sampler = sampler
    }

    /// Bytes that a session allocates.
    static func byteCount(_ model: Model) -> Int {
        SessionMemory.byteCount(model) + Sampler.byteCount(vocabularySize: model.configuration.vocabularySize)
    }

    /// The logits after the last token, soft-capped; nil before the first, within a prompt, whose other tokens have none, and while an
    /// answer is being streamed, or, under a constraint, made: that leaves out those that it doesn't need (``fork()`` has all). Valid
    /// until the session is next changed. [vocabulary]
    public var logits: UnsafeBufferPointer<Float>? { isStreaming ? nil : currentLogits }

    /// The same in any case.
    var currentLogits: UnsafeBufferPointer<Float>? {
        extent == .all ? someLogits : nil
    }

    /// The logits after the last token, of which only those that ``extent`` says are there; nil before the first token.
    var someLogits: UnsafeBufferPointer<Float>? {
        guard position > 0 else { return nil }
        return UnsafeBufferPointer(start: lookahead?.current ?? memory.logits.baseAddress, count: memory.logits.count)
    }

    /// Which logits after the last token are there.
    var extent: LogitsExtent { lookahead?.currentExtent ?? memory.extent }

    /// Consumes any number of tokens, in passes. Throws, with nothing consumed, if one is outside the vocabulary, if the model
    /// comes to numbers that are infinite or NaN (``ModelError/Kind/content``), and where a guarded file can't be read any more
    /// (``Model/Options/guardFile``). To be able to go back, feeding more than 16 tokens needs room for a second copy of the
    /// session's memory, except at position 0.
    public func feed(_ tokens: [UInt32]) throws(ModelError) {
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in try feed(tokens) }
    }

    /// The same for tokens in the caller's memory.
    public func feed(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        try check(tokens)
        try orStay(tokens: tokens.count) { () throws(ModelError) in try consume(tokens) }
    }

    /// Runs `body`, which consumes so many tokens, at most `perPass` of them in a pass; if it throws, the session is as before.
    func orStay<Result>(
        tokens count: Int, perPass: Int = Session.onePassTokens, _ body: () throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let start = position, wayBack = try wayBack(from: count, perPass: perPass), constrained = memory.constrained
        do throws(ModelError) {
            return try body()
        } catch {
            goBack(wayBack, after: Int(position - start), to: constrained)
            throw error
        }
    }

    /// What is needed to go back if consuming so many tokens fails; nil if they are consumed whole or not at all, or if the way
    /// back leads to position 0.
    func wayBack(from count: Int, perPass: Int = Session.onePassTokens) throws(ModelError) -> Snapshot? {
        count > min(perPass, Self.onePassTokens) && position > 0 ? try snapshot() : nil
    }

    /// Goes back to before the last `consumed` tokens, and to where the answer then was.
    func goBack(_ wayBack: Snapshot?, after consumed: Int, to constrained: ConstrainedAnswer?) {
        if let wayBack {
            restore(own: wayBack)
        } else if consumed > 0 {
            reset()
            memory.constrain(constrained)
        }
    }

    /// Consumes tokens that are known to be in the vocabulary. If it throws, some may have been consumed.
    func consume(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        _ = try consumeUnlessCancelled(tokens, isCancelled: { false })
    }

    /// The same; `isCancelled` is asked before each pass. If it returns true, this stops there, without logits, and returns false.
    /// `onProgress` is told after each pass how many of the tokens have been consumed.
    func consumeUnlessCancelled(
        _ tokens: UnsafeBufferPointer<UInt32>, isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void = { _ in }
    ) throws(ModelError) -> Bool {
        settle()
        var consumed = 0
        while consumed < tokens.count {
            if isCancelled() { return false }
            prepare(tokens, from: consumed)
            try model.feed(request)
            consumed += noteServed()
            onProgress(consumed)
        }
        return true
    }

    /// Asks the next pass for some of the tokens, of which the first `start` have been consumed.
    func prepare(_ tokens: UnsafeBufferPointer<UInt32>, from start: Int) {
        let end = min(tokens.count, start + model.chunkCapacity)
        request.prepare(
            UnsafeBufferPointer(rebasing: tokens[start..<end]), logits: end == tokens.count ? .last : .none,
            isWhole: tokens.count <= Self.onePassTokens)
    }

    /// Notes the tokens that a pass has taken, and returns their number.
    func noteServed() -> Int {
        for token in request.tokens.prefix(request.count) { memory.note(token) }
        switch request.logits {
        case .none: memory.removeLogits()
        // Those of a chunk that a pass took in part are still to come.
        case .last where request.count < request.tokens.count: memory.removeLogits()
        case .last, .all, .from: break
        }
        return request.count
    }

    /// Consumes tokens and calls `eachLogits` with the logits after every one of them, in order, which are valid during the call.
    ///
    /// Besides the session, allocates room for the logits of a pass: at most 32 MB, in smaller passes if the vocabulary is large.
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
        try orStay(tokens: tokens.count, perPass: size) { () throws(ModelError) in
            try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
                var consumed = 0
                while consumed < tokens.count {
                    if isCancelled() { throw .cancelled(feeding: tokens.count) }
                    let chunk = UnsafeBufferPointer(rebasing: tokens[consumed..<min(consumed + size, tokens.count)])
                    request.prepare(chunk, logits: .all(start), isWhole: tokens.count <= Self.onePassTokens)
                    try model.feed(request)
                    for row in 0..<request.count {
                        eachLogits(consumed + row, UnsafeBufferPointer(start: start + row * vocabulary, count: vocabulary))
                    }
                    consumed += noteServed()
                    memory.copyLogits(from: start + (request.count - 1) * vocabulary)
                }
            }
        }
    }

    /// Consumes one token that is known to be in the vocabulary, without an array to hold it. If it throws, the session is as
    /// before.
    func consume(_ token: UInt32) throws(ModelError) {
        if let lookahead { return try lookahead.feed(token, by: request, of: model) }
        try withUnsafePointer(to: token) { token throws(ModelError) in try consume(UnsafeBufferPointer(start: token, count: 1)) }
    }

    /// Brings ``memory`` to where the session is.
    func settle() { lookahead?.settle(memory) }

    /// Stops computing ahead.
    func endLookahead() {
        settle()
        lookahead = nil
    }

    /// Back to position 0, without allocating. Ends an answer that is being streamed.
    public func reset() {
        endStream()
        settle()
        memory.reset()
    }

    /// Throws unless tokens can be consumed.
    func check(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        try claim()
        try model.checkFile()
        try checkConstraint(tokens)
        let vocabulary = model.configuration.vocabularySize
        if let index = tokens.firstIndex(where: { Int($0) >= vocabulary }) {
            throw ModelError(.argument, "token \(tokens[index]) (number \(index + 1)) is outside the vocabulary of \(vocabulary)")
        }
    }
}
