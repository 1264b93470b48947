extension Session {
    /// The answer to a prompt, a piece of text at a time, made by a thread of its own while others go on:
    ///
    /// ```swift
    /// let stream = session.stream("Why is the sky blue?", options: options)
    /// for try await piece in stream { print(piece, terminator: "") }
    /// ```
    ///
    /// Prompt, pieces, progress and errors are those of ``generate(_:options:isCancelled:onProgress:onText:)``; `onProgress` is
    /// called in the stream's thread. Nothing happens before the first piece is asked for; from then on, until the loop ends or is
    /// left, other calls on the session throw.
    public func stream(
        _ prompt: String, options: GenerationOptions = GenerationOptions(),
        onProgress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) -> GenerationStream {
        GenerationStream(of: self) { (session, isCancelled, onPiece) throws(ModelError) in
            try session.generatePieces(prompt, options: options, isCancelled: isCancelled, onProgress: onProgress, onPiece: onPiece)
        }
    }
}

/// The pieces of an answer, in order, as they become certain: see ``Session/stream(_:options:onProgress:)``.
///
/// To be read once. The answer goes no further than what its reader has asked for, and the pass after it. It ends early, before the
/// next token or the prompt's next chunk, when the loop is left, its iterator goes, or its task is cancelled (the loop then ends
/// as if the answer had; it throws no error of its own). In each case the session has consumed the prompt, and the answer as far
/// as it was read, and can be used at once; if the prompt was not finished, it is as before.
public struct GenerationStream: AsyncSequence {
    /// A piece of text: whole characters, never empty.
    public typealias Element = String
    /// What ``Session/generate(_:options:isCancelled:onProgress:onText:)`` throws.
    public typealias Failure = ModelError

    private let reader: Reader

    /// `generate` is run by the stream's thread.
    init(of session: Session, _ generate: @escaping StreamedAnswer.Generate) { reader = Reader(session, generate) }

    /// What was done: there when the loop has ended, or has been left, which ends the answer with ``Finish/cancelled``. Nil before
    /// that, if it began not at all, and if it ended by an error. Waits for the end of the pass under way if the loop was just left.
    public var result: GenerationResult? { reader.result }

    /// The same stream with the tokens beside each piece of text, which ``GenerationOptions/logprobs`` asks for. Read either this or
    /// the text.
    public var pieces: Pieces { Pieces(reader: reader) }

    /// What reads the stream.
    public func makeAsyncIterator() -> Iterator { Iterator(reader) }

    /// Reads a stream. When it goes, the answer ends.
    public struct Iterator: AsyncIteratorProtocol {
        private let hold: Hold

        init(_ reader: Reader) { hold = Hold(reader) }

        /// The next piece of text; nil at the end.
        public mutating func next() async throws(ModelError) -> String? { try await next(isolation: nil) }

        /// The next piece of text; nil at the end.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ModelError) -> String? {
            while let piece = try await hold.reader.next(isolation: actor) {
                if !piece.text.isEmpty { return piece.text }
            }
            return nil
        }
    }

    /// The pieces of an answer, in order, each with its tokens: ``GenerationStream/pieces``. What is said of the stream holds for it.
    public struct Pieces: AsyncSequence {
        /// A piece of text and its tokens.
        public typealias Element = AnswerPiece
        /// What ``Session/generatePieces(_:options:isCancelled:onProgress:onPiece:)`` throws.
        public typealias Failure = ModelError

        fileprivate let reader: Reader

        /// What reads the stream.
        public func makeAsyncIterator() -> Iterator { Iterator(reader) }

        /// Reads a stream. When it goes, the answer ends.
        public struct Iterator: AsyncIteratorProtocol {
            private let hold: Hold

            init(_ reader: Reader) { hold = Hold(reader) }

            /// The next piece; nil at the end.
            public mutating func next() async throws(ModelError) -> AnswerPiece? { try await next(isolation: nil) }

            /// The next piece; nil at the end.
            public mutating func next(isolation actor: isolated (any Actor)?) async throws(ModelError) -> AnswerPiece? {
                try await hold.reader.next(isolation: actor)
            }
        }
    }

    /// Ends the answer when the last copy of an iterator goes.
    private final class Hold {
        let reader: Reader

        init(_ reader: Reader) { self.reader = reader }

        deinit { reader.answer.giveUp() }
    }

    /// The reader's half of a stream.
    final class Reader {
        let answer = StreamedAnswer()
        private let session: Session
        private let generate: StreamedAnswer.Generate
        private var hasBegun = false
        private var isWaiting = false
        private var hasThrown = false

        init(_ session: Session, _ generate: @escaping StreamedAnswer.Generate) {
            self.session = session
            self.generate = generate
        }

        var result: GenerationResult? {
            guard hasBegun else { return nil }
            if answer.isGivenUp { answer.waitForEnd() }
            return try? answer.outcome?.get()
        }

        func next(isolation actor: isolated (any Actor)?) async throws(ModelError) -> AnswerPiece? {
            guard !isWaiting else { throw .secondReader }
            try begin()
            isWaiting = true
            defer { isWaiting = false }
            let answer = answer
            await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in answer.ask { continuation.resume() } }
            } onCancel: {
                answer.giveUp()
            }
            if let piece = answer.take() { return piece }
            session.leave(answer)
            if case .failure(let error) = answer.outcome, !hasThrown {
                hasThrown = true
                throw error
            }
            return nil
        }

        /// Starts the answer, the first time.
        private func begin() throws(ModelError) {
            guard !hasBegun else { return }
            try session.claim()
            hasBegun = true
            if answer.isGivenUp || Task.isCancelled { return answer.endUnbegun() }
            session.streamed = answer
            do throws(ModelError) {
                try answer.start(with: session, generate)
            } catch {
                answer.endUnbegun()
                session.leave(answer)
                throw error
            }
        }
    }
}

extension Session {
    /// Takes note that a stream's answer is over.
    fileprivate func leave(_ answer: StreamedAnswer) {
        if streamed === answer { streamed = nil }
    }
}

extension ModelError {
    fileprivate static let secondReader = ModelError(
        .argument, "two loops read the same stream at once; give each a stream of its own, of another session")
}
