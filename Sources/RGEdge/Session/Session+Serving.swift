import Files
import Griffin
import Text

// What a program needs that keeps the conversations of many: to stop anywhere, to know what a session has consumed, and to find it
// again by that.
extension Session {
    /// Consumes tokens, pass by pass; `isCancelled` is asked before each. Unlike ``feed(_:isCancelled:onProgress:)``, what has been
    /// consumed when it returns true stays, without logits. Returns how many have been. `onProgress` is told that after each pass.
    ///
    /// Throws, with nothing consumed, as `feed` does for tokens that can't be fed; where a pass fails, with some consumed.
    package func feedUntilCancelled(
        _ tokens: ArraySlice<UInt32>, isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void = { _ in }
    ) throws(ModelError) -> Int {
        var done = 0
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
            try check(tokens)
            _ = try consumeUnlessCancelled(tokens, isCancelled: isCancelled) {
                done = $0
                onProgress($0)
            }
        }
        return done
    }

    /// Generates an answer from where the session is: ``generatePieces(_:options:isCancelled:onProgress:onPiece:)`` after an empty
    /// prompt, for which no encoder is made.
    package func answer(
        options: GenerationOptions, isCancelled: () -> Bool, onPiece: (AnswerPiece) -> Bool
    ) throws(ModelError) -> GenerationResult {
        try check(options)
        return try generate(options, isCancelled: isCancelled, onPiece: onPiece) { _ in (0, 0) }
    }

    /// The last tokens that it has consumed; nil if it doesn't remember so many.
    package func lastTokens(_ count: Int) -> [UInt32]? {
        settle()
        return count <= memory.recent.count ? Array(memory.recent.oldestFirst.suffix(count)) : nil
    }

    /// False within a prompt, where a token has to be fed before anything can follow.
    package var hasLogits: Bool { extent != .none }

    /// The hash of the tokens that it has consumed.
    package var tokenHash: TokenHash {
        settle()
        return memory.tokenHash
    }

    /// True if it has consumed exactly these tokens, as far as their hash and the last 4,096 say.
    package func hasConsumed(_ tokens: ArraySlice<UInt32>) -> Bool {
        settle()
        return memory.hasConsumed(tokens)
    }
}

extension SessionMemory {
    /// True if exactly these tokens have been consumed, as far as their hash and the last ones say.
    func hasConsumed(_ tokens: ArraySlice<UInt32>) -> Bool {
        guard state.position == tokens.count, recent.oldestFirst == tokens.suffix(RecentTokens.limit) else { return false }
        return tokenHash == tokens.reduce(into: TokenHash()) { $0.append($1) }
    }
}

extension Snapshot {
    /// True if it is of exactly these tokens, as far as their hash and the last 4,096 say.
    package func hasConsumed(_ tokens: ArraySlice<UInt32>) -> Bool { memory.hasConsumed(tokens) }

    /// False for one within a prompt, which has to be fed a token before anything can follow.
    package var hasLogits: Bool { memory.extent != .none }

    /// Bytes of memory that a snapshot takes after so many tokens, of the ``Model/snapshotBytes`` that it allocates.
    package static func touchedBytes(of model: Model, position: Int64) -> Int {
        let allocated = model.snapshotBytes
        let untouched =
            State.byteCount(model.configuration, element: model.weights.cacheElement, canBeFed: false)
            - State.touchedBytes(model.configuration, element: model.weights.cacheElement, position: position)
        return allocated - max(0, untouched)
    }
}

extension Model {
    /// The tokens of a text, by this model's encoder, which the caller keeps.
    package func encode(
        _ text: String, with encoder: Tokenizer.Encoder, controls: Tokenizer.Encoder.Controls = .asText
    ) throws(ModelError) -> [UInt32] {
        try modelErrors(encoder.encode(text, controls: controls))
    }

    /// A word for the weights and the arithmetic: where it is the same, so are the bits.
    package var identityWord: String { "\(file.fingerprint.hexadecimal)-\(kernels.arithmetic)" }
}

extension Model {
    /// Bytes that an answer under a constraint takes in addition, at most.
    package var constraintBytes: Int {
        Constraint.growthBytes(of: self) + Lookahead.byteCount(self, drafts: 0, forced: Lookahead.forcedLimit)
    }

    /// Bytes that making constraints takes: the vocabulary, and one that is being made of the longest text that a server takes.
    package var constraintCompileBytes: Int {
        400 * configuration.vocabularySize + Constraint.bytesPerTextByte * (64 << 10)
    }

    /// Bytes that encoding a text takes, however long it is.
    package var encodingBytes: Int { tokenizer.encodingByteCount }

    /// Bytes that what encodes texts takes.
    package var encoderBytes: Int { tokenizer.encoderByteCount }
}
