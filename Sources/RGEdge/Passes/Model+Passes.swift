import Griffin

extension Model {
    /// Passes so far, of all sessions.
    package var passCounts: PassCounts { passes.passCounts }

    /// Has a pass take tokens of a request, which has been prepared: all, or the first ``PassRequest/count`` of them. Throws, with
    /// its session as before, where numbers come up that are not finite, where the file can't be read any more, and above
    /// ``Session/positionLimit``.
    func feed(_ request: PassRequest) throws(ModelError) {
        if let problem = request.problem { throw problem }
        passes.serve(request)
        if let error = request.error { throw modelError(error) }
    }

    /// Computes all logits after a memory's last token, of which it has few, from what came out of the layers.
    func writeLogits(of memory: SessionMemory) throws(ModelError) {
        guard let stream = memory.stream, let logits = memory.nextLogits.baseAddress else { return }
        do throws(ForwardPassError) {
            try passes.alone { forwardPass throws(ForwardPassError) in try forwardPass.writeLogits(after: stream, to: logits) }
        } catch {
            throw modelError(error)
        }
        memory.useNextLogits()
    }

    private func modelError(_ error: ForwardPassError) -> ModelError {
        ModelError(
            error.problem(
                file.path,
                advice: "check the file with rg-quant verify: if it is whole, the model needs numbers that f32 can't hold"))
    }

    /// Feeds several sessions at once, each with tokens of its own, in common passes: for a program with one thread and many
    /// conversations. Sessions that are used in several threads share passes by themselves.
    ///
    /// Each session's logits are those of feeding it alone, to the bit. Throws, with nothing consumed, for sessions of another model
    /// or that come twice, and as ``Session/feed(_:)-([UInt32])`` does for tokens outside the vocabulary and where there is no memory
    /// for a way back. If some of the sessions can't be fed for another reason, throws what was wrong with the first of these: they
    /// are as before, and the others have consumed their tokens.
    public func feed(_ tokens: [[UInt32]], to sessions: [Session]) throws(ModelError) {
        guard tokens.count == sessions.count else {
            throw ModelError(.argument, "tokens for \(tokens.count) sessions, not \(sessions.count); give each session an array")
        }
        // One buffer for all, so that none moves.
        let all = tokens.flatMap { $0 }
        let failures = try all.withUnsafeBufferPointer { all throws(ModelError) in
            var start = 0
            let feeds = zip(sessions, tokens).map { session, tokens in
                defer { start += tokens.count }
                return Feed(session: session, tokens: UnsafeBufferPointer(rebasing: all[start..<start + tokens.count]))
            }
            return try feed(feeds)
        }
        if let first = failures.first { throw first.error }
    }

    /// Tokens for a session.
    package struct Feed {
        let session: Session
        let tokens: UnsafeBufferPointer<UInt32>
        /// Asked before each pass; if it returns true, the session stays as it was.
        let isCancelled: () -> Bool

        /// The tokens must stay where they are until they have been fed.
        package init(
            session: Session, tokens: UnsafeBufferPointer<UInt32>, isCancelled: @escaping () -> Bool = { false }
        ) {
            self.session = session
            self.tokens = tokens
            self.isCancelled = isCancelled
        }
    }

    /// What was wrong with one of several sessions.
    package struct FeedFailure {
        /// The session's, in the order in which they were given.
        package let index: Int
        package let error: ModelError
    }

    /// How far one of several sessions is.
    private struct Progress {
        let index: Int
        let wayBack: Snapshot?
        let constrained: ConstrainedAnswer?
        var consumed = 0
    }

    /// The same with what was wrong with those that could not be fed, in the sessions' order.
    package func feed(_ feeds: [Feed]) throws(ModelError) -> [FeedFailure] {
        guard Set(feeds.lazy.map { ObjectIdentifier($0.session) }).count == feeds.count else {
            throw ModelError(.argument, "a session is there twice; give it all its tokens at once")
        }
        for feed in feeds {
            guard feed.session.model === self else { throw ModelError(.argument, "a session is of another model") }
            try feed.session.check(feed.tokens)
        }
        var open: [Progress] = []
        for (index, feed) in feeds.enumerated() where !feed.tokens.isEmpty {
            feed.session.settle()
            open.append(
                Progress(
                    index: index, wayBack: try feed.session.wayBack(from: feed.tokens.count),
                    constrained: feed.session.memory.constrained))
        }
        var failures: [FeedFailure] = []
        func fail(_ progress: Progress, _ error: ModelError) {
            feeds[progress.index].session.goBack(
                progress.wayBack, after: progress.consumed, to: progress.constrained)
            failures.append(FeedFailure(index: progress.index, error: error))
        }
        while !open.isEmpty {
            open.removeAll { progress in
                guard let problem = feeds[progress.index].prepare(from: progress.consumed) else { return false }
                fail(progress, problem)
                return true
            }
            passes.serve(open.map { feeds[$0.index].session.request })
            let served = open
            open.removeAll(keepingCapacity: true)
            for var progress in served {
                let feed = feeds[progress.index]
                if let error = feed.session.request.error {
                    fail(progress, modelError(error))
                } else {
                    progress.consumed += feed.session.noteServed()
                    if progress.consumed < feed.tokens.count { open.append(progress) }
                }
            }
        }
        return failures.sorted { $0.index < $1.index }
    }
}

extension Model.Feed {
    /// Asks the next pass for what is left of the tokens; returns why there is to be none.
    fileprivate func prepare(from start: Int) -> ModelError? {
        if isCancelled() { return .cancelled(feeding: tokens.count) }
        session.prepare(tokens, from: start)
        return session.request.problem
    }
}
