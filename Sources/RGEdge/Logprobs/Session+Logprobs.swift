extension Session {
    /// How likely the model thinks that `token` comes next, and which `top` tokens it thinks likeliest, at most
    /// ``GenerationOptions/logprobsLimit``. Throws before the first token, and for a token outside of the vocabulary.
    public func logprobs(of token: UInt32, top: Int = 0) throws(ModelError) -> AnswerToken {
        try claim()
        if let problem = GenerationOptions.problem(logprobs: top) { throw ModelError(.argument, problem) }
        let vocabulary = model.configuration.vocabularySize
        guard token < vocabulary else {
            throw ModelError(.argument, "token \(token) is outside the vocabulary of \(vocabulary)")
        }
        return try answerToken(token, top: top)
    }

    /// The same for what is known to make sense.
    func answerToken(_ token: UInt32, top: Int) throws(ModelError) -> AnswerToken {
        guard let logits = currentLogits else { throw noLogits }
        let logprobs = Logprobs(logits)
        return AnswerToken(token: token, logprob: logprobs[token], top: logprobs.top(top))
    }
}

extension Session {
    /// Why there are no logits.
    package var noLogits: ModelError {
        ModelError(
            .argument,
            extent == .few
                ? "the answer under a constraint that is being made leaves out logits; fork the session, which has all"
                : "there are no logits before the first token, nor within a prompt; feed it first")
    }
}
