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
    /// After each token of the chunk. [(1 + drafts) × vocabulary]
    private let logits: UnsafeMutablePointer<Float>
    /// The chunk: a token that was fed and the guesses.
    private let tokens: UnsafeMutableBufferPointer<UInt32>
    private var tokenCount = 0
    /// Tokens of the chunk that have been fed.
    private(set) var used = 0
    private var draftLength: DraftLength

    /// Guesses that were computed, and those of them that were right.
    private(set) var drafted = 0
    private(set) var accepted = 0

    /// The most guesses at once that make sense.
    static let limit = 64

    /// Room for `drafts` guesses at once, 1…``limit``. Throws if there is no memory.
    init(model: Model, drafts: Int) throws(ModelError) {
        let capacity = 1 + drafts
        vocabularySize = model.configuration.vocabularySize
        let logits = SystemMemory.zeroed(Float.self, count: capacity * vocabularySize)
        let tokens = SystemMemory.zeroed(UInt32.self, count: capacity)
        let speculation = Speculation(model.configuration, element: model.weights.cacheElement, capacity: capacity)
        guard let speculation, let logits, let tokens else {
            free(logits)
            free(tokens)
            throw ModelError(.memory, "no memory to look \(drafts) tokens ahead; look ahead less, or close other programs")
        }
        self.speculation = speculation
        self.logits = logits
        self.tokens = UnsafeMutableBufferPointer(start: tokens, count: capacity)
        draftLength = DraftLength(longest: drafts)
    }

    deinit {
        free(logits)
        free(tokens.baseAddress)
    }

    /// The logits after the last token fed, if it was one of the chunk's. [vocabulary]
    var current: UnsafeMutablePointer<Float>? { used > 0 ? logits + (used - 1) * vocabularySize : nil }

    /// Feeds a token to the session whose request it is: for nothing if it was guessed, otherwise with new guesses if there are any
    /// and they pay. Throws, with nothing consumed, as ``Model/feed(_:)`` does.
    func feed(_ token: UInt32, by request: PassRequest, of model: Model) throws(ModelError) {
        let memory = request.memory
        if used > 0, used < tokenCount, tokens[used] == token {
            used += 1
            accepted += 1
            memory.note(token)
            return
        }
        settle(memory)
        let room = draftLength.length
        let drafts = room == 0 ? 0 : memory.recent.draft(after: token, to: UnsafeMutableBufferPointer(rebasing: tokens[1...room]))
        tokens[0] = token
        // A guess that the model can't compute says nothing about the token.
        if drafts == 0 || !feed(drafts: drafts, by: request, of: model) {
            let watch = Stopwatch()
            request.prepare(UnsafeBufferPointer(rebasing: tokens[..<1]), logits: .last, isWhole: true)
            try model.feed(request)
            draftLength.notePlain(seconds: watch.seconds)
        }
        memory.note(token)
    }

    /// Feeds the chunk of a token and `drafts` guesses. False, with nothing consumed, if the model can't compute it, as where
    /// numbers come up that are not finite.
    private func feed(drafts: Int, by request: PassRequest, of model: Model) -> Bool {
        let watch = Stopwatch(), chunk = UnsafeBufferPointer(rebasing: tokens[..<(1 + drafts)])
        request.prepare(chunk, logits: .all(logits), isWhole: true, speculation: speculation)
        guard (try? model.feed(request)) != nil else { return false }
        tokenCount = 1 + drafts
        used = 1
        drafted += drafts
        draftLength.noteChunk(seconds: watch.seconds)
        return true
    }

    /// Moves the session's state and logits on to what was fed.
    func settle(_ memory: SessionMemory) {
        guard used > 0, let current else { return }
        speculation.accept(used, into: memory.state)
        memory.copyLogits(from: current)
        draftLength.noteUsed(used, of: tokenCount)
        used = 0
        tokenCount = 0
    }
}
