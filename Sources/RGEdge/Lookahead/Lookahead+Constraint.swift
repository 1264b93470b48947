import Grammar

/// What a constraint knows of tokens to come.
extension Lookahead {
    /// Tokens that are fed at once, at most, where a constraint leaves no choice.
    static let forcedLimit = 16

    /// Part of the vocabulary that may come, above which all logits are computed.
    private static let fewShare = 16

    /// Writes the tokens that must follow the chunk's first one, or else guesses of what may, and returns how many.
    func draft(under answer: ConstrainedAnswer, _ memory: SessionMemory) -> Int {
        var answer = answer.after(tokens[0]), count = 0
        while count < room, !answer.mustEnd, let token = answer.mask.only {
            count += 1
            tokens[count] = token
            answer.append(token)
        }
        if count > 0 {
            isGuessed = false
            // Which token follows those before is known.
            firstLogits = wantsAll ? 0 : count
            return count
        }
        let guesses = guess(memory)
        while count < guesses, answer.mask.allows(tokens[1 + count]), !answer.isEnd(tokens[1 + count]) {
            count += 1
            answer.append(tokens[count])
        }
        return count
    }

    /// Collects in ``rows`` the tokens that may follow the tokens of a chunk that logits are wanted after, of which `answer` has the
    /// first. False if that is nearly all, or if there is no constraint: then all logits are wanted.
    func want(_ answer: ConstrainedAnswer?, tokens count: Int) -> Bool {
        guard var answer, !wantsAll else { return false }
        rows.update(repeating: 0)
        for token in 0..<count {
            if token > 0 { answer.append(tokens[token]) }
            guard token >= (count > 1 ? firstLogits : 0), !answer.mustEnd else { continue }
            let mask = answer.mask
            // What must come needs no logits.
            guard mask.count > 1 else { continue }
            guard mask.count * Self.fewShare <= mask.vocabularySize else { return false }
            mask.insert(into: rows)
        }
        return true
    }
}
