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
        let problems = try all.withUnsafeBufferPointer { all throws(ModelError) in
            var start = 0
            let feeds = zip(sessions, tokens).map { session, tokens in
                defer { start += tokens.count }
                return Feed(session: session, tokens: UnsafeBufferPointer(rebasing: all[start..<start + tokens.count]))
            }
            return try feed(feeds)
        }
        if let problem = problems.lazy.compactMap({ $0 }).first { throw problem }
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

    /// The same with what was wrong with each session; nil for those that have consumed their tokens.
    package func feed(_ feeds: [Feed]) throws(ModelError) -> [ModelError?] {
        guard Set(feeds.lazy.map { ObjectIdentifier($0.session) }).count == feeds.count else {
            throw ModelError(.argument, "a session is there twice; give it all its tokens at once")
        }
        var waysBack: [Snapshot?] = []
        for feed in feeds {
            guard feed.session.model === self else { throw ModelError(.argument, "a session is of another model") }
            try feed.session.check(feed.tokens)
        }
        for feed in feeds {
            feed.session.settle()
            waysBack.append(try feed.session.wayBack(from: feed.tokens.count))
        }
        var problems = [ModelError?](repeating: nil, count: feeds.count)
        var consumed = [Int](repeating: 0, count: feeds.count)
        while true {
            let open = feeds.indices.filter { problems[$0] == nil && consumed[$0] < feeds[$0].tokens.count }
            guard !open.isEmpty else { return problems }
            for index in open {
                let session = feeds[index].session
                if feeds[index].isCancelled() {
                    problems[index] = .cancelled(feeding: feeds[index].tokens.count)
                } else {
                    session.prepare(feeds[index].tokens, from: consumed[index])
                    problems[index] = session.request.problem
                }
            }
            passes.serve(open.lazy.filter { problems[$0] == nil }.map { feeds[$0].session.request })
            for index in open {
                let session = feeds[index].session
                if problems[index] == nil, let error = session.request.error { problems[index] = modelError(error) }
                if problems[index] == nil {
                    consumed[index] += session.noteServed()
                } else {
                    session.goBack(waysBack[index], after: consumed[index])
                }
            }
        }
    }
}
