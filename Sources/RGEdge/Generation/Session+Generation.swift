import System
import Text

extension Session {
    /// Feeds a prompt and generates an answer.
    ///
    /// BOS goes before the prompt at position 0. Control tokens written in the prompt are text. A chat turn first ends one that is
    /// open: any that `<start_of_turn>` has begun, whoever fed it. White space at both ends of its prompt is left out, as the
    /// models' own templates do. `onText` is called with each part of the text as soon as it is certain: whole characters, and
    /// nothing that may become a stop text; false stops. `isCancelled` is asked before each pass of the prompt, before each token of
    /// the answer, also while no text is certain, and before what was held back until the last of ``GenerationOptions/maxTokens``;
    /// true stops. `onProgress` is told after each pass how many tokens of the prompt are done, and how many there are; before the
    /// first pass, if the prompt cache had some. Bytes at the very end that make no character are left out.
    ///
    /// Afterwards the session has consumed the prompt and the answer up to the last token of which something was shown, so that the
    /// next call continues the conversation as the user has seen it: the tokens of a stop text, of half a character, or without
    /// text are taken back. If it is cancelled during the prompt, the session is as before the call. While it runs, it holds room
    /// for a second copy of the session's memory, to go back. Throws, with nothing consumed, for options that make no sense, for a
    /// chat turn with a model that has no chat template, where there is no memory for a way back, and where the prompt brings the
    /// model to numbers that are not finite (``ModelError/Kind/content``) or its file can't be read any more (`Session.feed`); if
    /// that happens in the answer, it throws at that token.
    public func generate(
        _ prompt: String, options: GenerationOptions, isCancelled: () -> Bool = { false },
        onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, onText: (String) -> Bool
    ) throws(ModelError) -> GenerationResult {
        try generatePieces(prompt, options: options, isCancelled: isCancelled, onProgress: onProgress) { $0.show(onText) }
    }

    /// The same with the tokens beside each piece of text, if ``GenerationOptions/logprobs`` asks for them.
    public func generatePieces(
        _ prompt: String, options: GenerationOptions, isCancelled: () -> Bool = { false },
        onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, onPiece: (AnswerPiece) -> Bool
    ) throws(ModelError) -> GenerationResult {
        try check(options)
        let tokens = try promptTokens(prompt, asChatTurn: options.asChatTurn)
        return try generate(options, isCancelled: isCancelled, onPiece: onPiece) { held throws(ModelError) in
            let reused = try prefill(tokens, cache: options.cache, wayBack: held, isCancelled: isCancelled) {
                onProgress($0, tokens.count)
            }
            return reused.map { (tokens.count, $0) }
        }
    }

    /// Generates after a prompt that `prefill` consumes, which returns how many tokens that has, and how many of them did not have
    /// to be computed; nil, with the session as it was, if it was cancelled. It may go back by what it is given.
    func generate(
        _ options: GenerationOptions, isCancelled: () -> Bool, onPiece: (AnswerPiece) -> Bool,
        prefill: (HeldTokens) throws(ModelError) -> (total: Int, reused: Int)?
    ) throws(ModelError) -> GenerationResult {
        // All that needs memory comes before anything is consumed.
        var held = try HeldTokens(of: self, longestStop: options.stop.map(\.utf8.count).max() ?? 0)
        let forced = options.constraint == nil ? 0 : Lookahead.forcedLimit
        let lookahead =
            options.lookup + forced == 0
            ? nil
            : try Lookahead(
                model: model, drafts: options.lookup, forced: forced, wantsAll: options.logprobs != nil)

        let prefillWatch = Stopwatch()
        let prompt = try beginAnswer(under: options.constraint) { () throws(ModelError) in try prefill(held) }
        let prefillTime = prefillWatch.time
        let decode = Stopwatch()
        var result = GenerationResult(
            finish: .cancelled, promptTokens: prompt?.total ?? 0, reusedTokens: prompt?.reused ?? 0, generatedTokens: 0,
            forcedTokens: 0, draftedTokens: 0, acceptedTokens: 0, prefillTime: prefillTime, decodeTime: .zero)
        if prompt == nil { return result }
        self.lookahead = lookahead
        defer { endLookahead() }
        var text = AnswerText(stop: options.stop)
        result.finish = try answer(
            options, &text, held: &held, &result, isCancelled: isCancelled, onPiece: onPiece)
        try held.takeBack(shown: text.shown, in: self)
        if result.finish == .end { memory.constrain(nil) }
        try completeLogits()
        if let start = held.lastStart {
            settle()
            memory.show(text.shown - start)
        }
        result.decodeTime = decode.time
        result.draftedTokens = lookahead?.drafted ?? 0
        result.acceptedTokens = lookahead?.accepted ?? 0
        Log.tell(.debug, result.line)
        return result
    }

    /// Throws unless the options make sense, nobody else uses the session, and the model's file can be read.
    func check(_ options: GenerationOptions) throws(ModelError) {
        try claim()
        if let problem = options.problem { throw ModelError(.argument, problem) }
        try check(options.sampling)
        if let constraint = options.constraint { try check(constraint) }
        if let cache = options.cache, cache.model.file.fingerprint != model.file.fingerprint {
            throw ModelError(
                .mismatch,
                "the prompt cache \(cache.folder) was opened for another model, \(cache.model.file.path); open one for this model")
        }
        try model.checkFile()
    }

    /// Consumes a prompt, at the start of a conversation with the help of `cache`. Returns how many tokens came from the cache, or
    /// nil, with nothing consumed, if it was cancelled. `held` holds no tokens yet.
    private func prefill(
        _ prompt: [UInt32], cache: PromptCache?, wayBack held: HeldTokens, isCancelled: () -> Bool,
        onProgress: (_ done: Int) -> Void
    ) throws(ModelError) -> Int? {
        let cache = position == 0 ? cache : nil
        // What a pass takes for certain is consumed whole, and needs no way back.
        return try orGoBack(to: held, needsWayBack: prompt.count > Self.onePassTokens) { () throws(ModelError) in
            guard let cache else { return try prefill(prompt, isCancelled: isCancelled, onProgress: onProgress) }
            return try prefill(prompt, through: cache, isCancelled: isCancelled, onProgress: onProgress)
        }
    }

    /// Runs `body`, which consumes a prompt; if it returns nil or throws, the session is as before. `held` holds no tokens yet, and
    /// is a way back where one is needed; to the start there always is one.
    func orGoBack<Result>(
        to held: HeldTokens, needsWayBack: Bool, _ body: () throws(ModelError) -> Result?
    ) throws(ModelError) -> Result? {
        let isNew = position == 0
        if needsWayBack, !isNew { held.keepStart(of: self) }
        func goBack() {
            if isNew {
                reset()
            } else if needsWayBack {
                held.goBackToStart(in: self)
            }
        }
        do throws(ModelError) {
            let result = try body()
            if result == nil { goBack() }
            return result
        } catch {
            goBack()
            throw error
        }
    }

    /// Consumes a prompt without a cache. Returns 0, since no tokens came from one, or nil if it was cancelled.
    private func prefill(
        _ prompt: [UInt32], isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void
    ) throws(ModelError) -> Int? {
        try prompt.withUnsafeBufferPointer { prompt throws(ModelError) in
            try consumeUnlessCancelled(prompt, isCancelled: isCancelled, onProgress: onProgress) ? 0 : nil
        }
    }

    /// Makes tokens until something ends the answer. Then `held` may have tokens of which nothing was shown.
    private func answer(
        _ options: GenerationOptions, _ text: inout AnswerText, held: inout HeldTokens, _ result: inout GenerationResult,
        isCancelled: () -> Bool, onPiece: (AnswerPiece) -> Bool
    ) throws(ModelError) -> Finish {
        while result.generatedTokens < options.maxTokens ?? .max {
            guard position > 0 else { return .length }
            if isCancelled() { return .cancelled }
            let constrained = memory.constrained
            if constrained?.mustEnd == true { return text.finish(onPiece) ? .end : .cancelled }
            let token = try nextToken(options.sampling)
            if token == model.configuration.eos || token == model.configuration.endOfTurn {
                return text.finish(onPiece) ? .end : .cancelled
            }
            if let top = options.logprobs { text.note(try answerToken(token, top: top)) }
            result.generatedTokens += 1
            if constrained?.mask.only != nil { result.forcedTokens += 1 }
            // Shown before it is consumed, so that the reader doesn't wait for the forward pass to the next one.
            let start = text.received
            let ending: Finish? = text.append(token, model.tokenizer, onPiece) ? text.isStopped ? .stop : nil : .cancelled
            if start < text.shown {
                held.removeAll(before: start)
                try consume(token)
            } else if ending == nil {
                try held.hold(token, start: start, shown: text.shown, in: self)
                if held.isEmpty, !text.finishTokens(onPiece) { return .cancelled }
            }
            if let ending { return ending }
        }
        // What is held back may be wanted as little as another token.
        if isCancelled() { return .cancelled }
        return text.finish(onPiece) ? .length : .cancelled
    }

    /// The tokens to feed for a prompt at this position.
    private func promptTokens(_ prompt: String, asChatTurn: Bool) throws(ModelError) -> [UInt32] {
        let start = position == 0 ? [model.configuration.bos] : []
        // The encoder is gone before the answer begins, unless somebody else keeps it.
        guard asChatTurn else {
            return start + (try model.encode(prompt))
        }
        guard let template = model.chatTemplate else {
            throw .noTemplate(model)
        }
        // The token that ends a turn is not fed when the model chooses it, so a turn before this one is usually still open.
        return start
            + (try model.tokens { encoder throws(FileProblem) in
                try template.encode(user: prompt.trimmed, after: memory.turn.previous, with: encoder)
            })
    }
}
