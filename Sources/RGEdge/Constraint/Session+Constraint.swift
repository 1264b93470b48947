extension Session {
    /// What the tokens to come are to obey: as ``constrain(by:)`` or an answer that isn't finished has left it. Nil for anything.
    public var constraint: Constraint? { reading { memory.constrained?.constraint } }

    /// Has the tokens that come from here on obey a constraint, from its beginning: ``sample(_:)`` chooses only what may come, and
    /// ``feed(_:)-([UInt32])`` throws for anything else. It ends when a token that ends the text is fed, or with nil. For programs that
    /// choose each token themselves; answers have ``GenerationOptions/constraint``, and what that says counts for them: an answer
    /// without one ends this one, too.
    ///
    /// A session that was loaded has no constraint until it is set. If it was saved within an answer under the same one, it goes on with
    /// that. Throws for a constraint of another model, and if too many tokens of that answer are forgotten.
    public func constrain(by constraint: Constraint?) throws(ModelError) {
        try claim()
        if let constraint { try check(constraint) }
        try completeLogits()
        let saved = memory.savedAnswer
        memory.constrain(
            try constraint.map { constraint throws(ModelError) in
                try unfinishedAnswer(nil, saved, under: constraint)
            })
    }

    /// Throws for a constraint of another model.
    func check(_ constraint: Constraint) throws(ModelError) {
        guard constraint.model.file.fingerprint == model.file.fingerprint else {
            throw ModelError(
                .mismatch,
                "the constraint is one for another model, \(constraint.model.file.path); make it with \(model.file.path)")
        }
    }

    /// Throws if the session is constrained and one of the tokens may not come.
    func checkConstraint(_ tokens: UnsafeBufferPointer<UInt32>) throws(ModelError) {
        guard var answer = memory.constrained else { return }
        for (index, token) in tokens.enumerated() {
            guard answer.mask.allows(token) || answer.isSpelling(token) else {
                throw ModelError(
                    .argument,
                    "token \(token) (number \(index + 1)) may not come by the session's constraint; end the constraint to feed it")
            }
            // Nothing constrains what follows the end.
            if answer.isEnd(token) { return }
            answer.append(token)
        }
    }

    /// Begins an answer after a prompt, which `prefill` consumes and nothing constrains; or goes on with an answer under the same
    /// constraint that wasn't finished, if there is nothing to consume. Returns what `prefill` does; if that is nil or throws, the
    /// constraint is as before.
    func beginAnswer<Prompt>(
        under constraint: Constraint?, prefill: () throws(ModelError) -> Prompt?
    ) throws(ModelError) -> Prompt? {
        // What another constraint has left out may be wanted by this one.
        try completeLogits()
        let before = memory.constrained, savedBefore = memory.savedAnswer, start = (position, memory.tokenHash)
        memory.constrain(nil)
        func restore() {
            memory.constrain(before)
            memory.resume(answer: savedBefore)
        }
        do throws(ModelError) {
            guard let prompt = try prefill() else {
                restore()
                return nil
            }
            guard let constraint else { return prompt }
            let goesOn = position > 0 && (position, memory.tokenHash) == start
            memory.constrain(goesOn ? try unfinishedAnswer(before, savedBefore, under: constraint) : constraint.start)
            return prompt
        } catch {
            restore()
            throw error
        }
    }

    /// An answer to go on with under a constraint; a new one if there is none.
    private func unfinishedAnswer(
        _ answer: ConstrainedAnswer?, _ saved: UnfinishedAnswer?, under constraint: Constraint
    ) throws(ModelError) -> ConstrainedAnswer {
        if let answer, answer.constraint.fingerprint == constraint.fingerprint { return answer }
        guard let saved, saved.fingerprint == constraint.fingerprint else { return constraint.start }
        guard saved.count <= memory.recent.count else {
            throw ModelError(
                .argument,
                "the answer that the session was saved in has \(saved.count) tokens, and a session remembers "
                    + "\(RecentTokens.limit); begin the answer again")
        }
        var answer = constraint.start
        memory.recent.forEach(last: saved.count) { answer.append($0) }
        return answer
    }

    /// Computes the logits after the last token that no constraint has asked for.
    package func completeLogits() throws(ModelError) {
        settle()
        guard memory.extent == .few, position > 0 else { return }
        try model.writeLogits(of: memory)
    }
}

extension ConstrainedAnswer {
    /// True for a token that spells what must come, if in another way than the tokenizer's.
    func isSpelling(_ token: UInt32) -> Bool {
        var addsText = false
        constraint.model.tokenizer.forEachByte(of: token) { _ in addsText = true }
        return addsText && !isEnd(token) && !after(token).isDead
    }
}
