import Glibc
import Griffin
import System

/// Computes tokens ahead of time: a token is fed together with guesses of what follows it, in one chunk, which costs little more
/// than one token where memory is the limit. Feeding the guesses that turn out right then costs nothing.
///
/// The result is the same as without: logits don't depend on the chunks in which tokens are fed, and the session's state
/// moves on only by tokens that were really fed (``Speculation``). Measures whether it pays, and pauses where it doesn't.
/// Allocates nothing after `init`.
final class Lookahead {
    private let speculation: Speculation
    private let vocabularySize: Int
    private let width: Int
    /// After each token of the chunk. [(1 + drafts) × vocabulary]
    private let logits: UnsafeMutablePointer<Float>
    /// What comes out of the layers for each token of the chunk, where a constraint wants few logits. [(1 + drafts) × width]
    private let streams: UnsafeMutablePointer<Float>
    /// The tokens whose logits a constraint wants after the chunk's tokens, a bit for each. [words of the vocabulary]
    let rows: UnsafeMutableBufferPointer<UInt64>
    /// The first token of the chunk whose logits have been computed, and which of them.
    var firstLogits = 0
    private var extent = LogitsExtent.all
    /// The chunk: a token that was fed and the guesses.
    let tokens: UnsafeMutableBufferPointer<UInt32>
    private var tokenCount = 0
    /// Tokens of the chunk that have been fed.
    private(set) var used = 0
    /// True if the chunk is of guesses, which may be wrong.
    var isGuessed = true
    /// True if all logits are wanted, whatever a constraint leaves.
    let wantsAll: Bool
    private var draftLength: DraftLength

    /// Tokens that may follow the first one of a chunk.
    var room: Int { tokens.count - 1 }

    /// Guesses that were computed, and those of them that were right.
    private(set) var drafted = 0
    private(set) var accepted = 0

    /// The most guesses at once that make sense.
    static let limit = 64

    /// Room for `drafts` guesses at once, up to ``limit``, and for `forced` tokens that a constraint leaves no choice about; one of
    /// them is not 0. With `wantsAll`, all logits are computed, whatever the constraint leaves. Throws if there is no memory.
    init(model: Model, drafts: Int, forced: Int = 0, wantsAll: Bool = false) throws(ModelError) {
        self.wantsAll = wantsAll
        let capacity = 1 + max(drafts, forced)
        vocabularySize = model.configuration.vocabularySize
        width = model.configuration.width
        let words = (vocabularySize + 63) / 64
        let logits = SystemMemory.zeroed(Float.self, count: capacity * vocabularySize)
        let streams = SystemMemory.zeroed(Float.self, count: capacity * width)
        let rows = SystemMemory.zeroed(UInt64.self, count: words)
        let tokens = SystemMemory.zeroed(UInt32.self, count: capacity)
        let speculation = Speculation(model.configuration, element: model.weights.cacheElement, capacity: capacity)
        guard let speculation, let logits, let streams, let rows, let tokens else {
            free(logits)
            free(streams)
            free(rows)
            free(tokens)
            throw ModelError(
                .memory, "no memory to look \(capacity - 1) tokens ahead; look ahead less, or close other programs")
        }
        self.speculation = speculation
        self.logits = logits
        self.streams = streams
        self.rows = UnsafeMutableBufferPointer(start: rows, count: words)
        self.tokens = UnsafeMutableBufferPointer(start: tokens, count: capacity)
        draftLength = DraftLength(longest: drafts)
    }

    /// Bytes that one allocates.
    static func byteCount(_ model: Model, drafts: Int, forced: Int) -> Int {
        let capacity = 1 + max(drafts, forced)
        return capacity * (model.configuration.vocabularySize + model.configuration.width) * MemoryLayout<Float>.size
            + Speculation.byteCount(model.configuration, element: model.weights.cacheElement, capacity: capacity)
    }

    deinit {
        free(logits)
        free(streams)
        free(rows.baseAddress)
        free(tokens.baseAddress)
    }

    /// The logits after the last token fed, if it was one of the chunk's. [vocabulary]
    var current: UnsafeMutablePointer<Float>? { used > 0 ? logits + (used - 1) * vocabularySize : nil }
    /// Which of them are there.
    var currentExtent: LogitsExtent? { used > 0 ? used > firstLogits ? extent : .few : nil }

    /// Feeds a token to the session whose request it is: for nothing if it was guessed, otherwise with new guesses if there are any
    /// and they pay. Throws, with nothing consumed, as ``Model/feed(_:)`` does.
    func feed(_ token: UInt32, by request: PassRequest, of model: Model) throws(ModelError) {
        let memory = request.memory
        if used > 0, used < tokenCount, tokens[used] == token {
            used += 1
            if isGuessed { accepted += 1 }
            memory.note(token)
            return
        }
        settle(memory)
        tokens[0] = token
        let drafts = memory.constrained.map { draft(under: $0, memory) } ?? guess(memory)
        // A guess that the model can't compute says nothing about the token.
        if drafts == 0 || !feed(drafts: drafts, by: request, of: model) {
            let watch = Stopwatch(), wantsFew = want(memory.constrained?.after(token), tokens: 1)
            request.prepare(
                UnsafeBufferPointer(rebasing: tokens[..<1]), logits: .last, isWhole: true,
                rows: wantsFew ? UnsafeBufferPointer(rows) : nil, streams: wantsFew ? memory.nextStream : nil)
            try model.feed(request)
            draftLength.notePlain(seconds: watch.seconds)
        }
        memory.note(token)
    }

    /// Guesses what follows the chunk's first token; returns how many.
    func guess(_ memory: SessionMemory) -> Int {
        isGuessed = true
        firstLogits = 0
        let room = draftLength.length
        return room == 0
            ? 0 : memory.recent.draft(after: tokens[0], to: UnsafeMutableBufferPointer(rebasing: tokens[1...room]))
    }

    /// Feeds the chunk of a token and `drafts` guesses. False, with nothing consumed, if the model can't compute it, as where
    /// numbers come up that are not finite.
    private func feed(drafts: Int, by request: PassRequest, of model: Model) -> Bool {
        let watch = Stopwatch(), chunk = UnsafeBufferPointer(rebasing: tokens[..<(1 + drafts)])
        let wantsFew = want(request.memory.constrained?.after(tokens[0]), tokens: 1 + drafts)
        request.prepare(
            chunk, logits: .from(firstLogits, logits + firstLogits * vocabularySize), isWhole: true, speculation: speculation,
            rows: wantsFew ? UnsafeBufferPointer(rows) : nil, streams: wantsFew || firstLogits > 0 ? streams : nil)
        guard (try? model.feed(request)) != nil else { return false }
        extent = wantsFew ? .few : .all
        tokenCount = 1 + drafts
        used = 1
        if isGuessed {
            drafted += drafts
            draftLength.noteChunk(seconds: watch.seconds)
        }
        return true
    }

    /// Moves the session's state and logits on to what was fed.
    func settle(_ memory: SessionMemory) {
        guard used > 0, let current, let extent = currentExtent else { return }
        speculation.accept(used, into: memory.state)
        memory.copyLogits(from: current, extent, stream: streams + (used - 1) * width)
        if isGuessed { draftLength.noteUsed(used, of: tokenCount) }
        used = 0
        tokenCount = 0
    }
}
