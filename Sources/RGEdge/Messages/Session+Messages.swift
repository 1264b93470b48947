import Text

extension Session {
    /// Answers a conversation: feeds what of it the session has not consumed, and generates. If the last message is the model's, the
    /// answer goes on with it.
    ///
    /// What is fed is what the chat template writes (``Model/encode(_:)``), and the rest as with
    /// ``generate(_:options:isCancelled:onProgress:onText:)``; ``GenerationOptions/asChatTurn`` counts for nothing.
    ///
    /// Nothing is computed twice that need not be. If the session has consumed a beginning of the conversation, it goes on from
    /// there. If the conversation has gone another way since, or a message was changed, it goes back to the longest beginning that is
    /// kept (``keepTurns(_:)``), or that the prompt cache has; or else to the start. Its state is then that of a session that was fed
    /// the whole conversation, to the bit, with one difference: an answer that it made itself, and that comes back with the same text
    /// (white space at its ends aside), stays as it made it. The model may have chosen other tokens than a tokenizer makes of that
    /// text, and they are what it has said. So they stay where a stop text began or ended within a token, and the text has only what
    /// was shown of it. An answer that is to go on must be the same up to its last token: white space at its end, or what was not
    /// shown, has it fed anew. (Of a session that was loaded after more than 4,096 tokens this is not known, and such
    /// an answer, with what follows, is fed anew, once.)
    ///
    /// The result's ``GenerationResult/promptTokens`` are all tokens up to the answer, ``GenerationResult/reusedTokens`` those that
    /// were there already. If it is stopped within the prompt, or throws there, the session is as before the call, wherever it was.
    public func generate(
        messages: [Message], options: GenerationOptions, isCancelled: () -> Bool = { false },
        onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, onText: (String) -> Bool
    ) throws(ModelError) -> GenerationResult {
        try generatePieces(messages: messages, options: options, isCancelled: isCancelled, onProgress: onProgress) {
            $0.show(onText)
        }
    }

    /// The same with the tokens beside each piece of text, if ``GenerationOptions/logprobs`` asks for them.
    public func generatePieces(
        messages: [Message], options: GenerationOptions, isCancelled: () -> Bool = { false },
        onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, onPiece: (AnswerPiece) -> Bool
    ) throws(ModelError) -> GenerationResult {
        try check(options)
        // The encoder is gone before the answer begins.
        let conversation = try model.conversation(messages, with: try model.encoder())
        return try generate(options, isCancelled: isCancelled, onPiece: onPiece) { held throws(ModelError) in
            try prefill(conversation, cache: options.cache, wayBack: held, isCancelled: isCancelled, onProgress: onProgress)
        }
    }

    /// Where a conversation is gone on with.
    private enum Beginning {
        case here
        case turn(Snapshot)
        case cached(Session)
        case start

        /// What the session remembered there; nil at the start. `held` is the way back to where it was.
        func memory(wayBack held: HeldTokens) -> SessionMemory? {
            switch self {
            case .here: held.start
            case .turn(let turn): turn.memory
            case .cached(let stored): stored.memory
            case .start: nil
            }
        }
    }

    /// The longest beginning of a conversation that is there, and how many of its tokens say that much.
    private func beginning(of conversation: Conversation, cache: PromptCache?) -> (Beginning, count: Int) {
        settle()
        let turns = keptTurns?.snapshots ?? []
        let counts = conversation.beginnings(in: [memory] + turns.map(\.memory))
        var best = (Beginning.start, count: 0)
        // Where several are as long, that which costs least.
        if let count = counts[0] { best = (.here, count) }
        for (turn, count) in zip(turns, counts.dropFirst()) {
            if let count, count > best.count { best = (.turn(turn), count) }
        }
        if best.count < conversation.tokens.count,
            let stored = cache?.session(beginning: conversation.tokens, longerThan: best.count)
        {
            best = (.cached(stored), Int(stored.position))
        }
        return best
    }

    /// Consumes a conversation from the longest beginning on that is there. Returns how many tokens it then has consumed, and how
    /// many of them it had before; nil, with the session as it was, if it was cancelled.
    private func prefill(
        _ conversation: Conversation, cache: PromptCache?, wayBack held: HeldTokens, isCancelled: () -> Bool,
        onProgress: (_ done: Int, _ total: Int) -> Void
    ) throws(ModelError) -> (total: Int, reused: Int)? {
        let (beginning, count) = beginning(of: conversation, cache: cache)
        let rest = Array(conversation.tokens[count...])
        let isHere = if case .here = beginning { true } else { false }
        let keepsTurn = count > 0 && !rest.isEmpty && keptTurns.map { !$0.snapshots.isEmpty } ?? false
        let needsWayBack = !isHere || keepsTurn || rest.count > Self.onePassTokens
        return try orGoBack(to: held, needsWayBack: needsWayBack) { () throws(ModelError) in
            // Only what begins with the conversation's own tokens is stored, and can be found again.
            var cache = cache
            switch beginning {
            case .here: if count > 0 { cache = nil }
            case .turn(let turn):
                restore(own: turn)
                cache = nil
            case .cached(let stored): memory.copy(from: stored.memory)
            case .start: reset()
            }
            let reused = Int(position), total = reused + rest.count
            if reused > 0, !rest.isEmpty { onProgress(reused, total) }
            let isWhole =
                if let cache {
                    try store(conversation.tokens, in: cache, isCancelled: isCancelled) { onProgress($0, total) }
                } else {
                    try rest.withUnsafeBufferPointer { rest throws(ModelError) in
                        try consumeUnlessCancelled(rest, isCancelled: isCancelled) { onProgress(reused + $0, total) }
                    }
                }
            guard isWhole else { return nil }
            // A session that was loaded, of whose first tokens nothing was known, has just these. What is known stays: its answers
            // may have white space that these have not.
            if !memory.transcript.isKnown { memory.resume(conversation.transcript) }
            // Only now: what fails, or is cancelled, must not cost a turn that was kept.
            if keepsTurn, let turn = beginning.memory(wayBack: held) { keptTurns?.keep(turn) }
            return (total, reused)
        }
    }
}
