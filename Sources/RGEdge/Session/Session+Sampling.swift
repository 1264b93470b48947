extension Session {
    /// Chooses the token to follow from the current logits; does not feed it. Throws, with nothing changed, before the first token,
    /// for options that make no sense, for a logit bias that names a token outside of the vocabulary or, with the penalties, leaves none to choose, and
    /// for a model whose logits are not numbers.
    public func sample(_ sampling: Sampling) throws(ModelError) -> UInt32 {
        try claim()
        try check(sampling)
        return try nextToken(sampling)
    }

    /// Throws unless the options make sense for the model.
    func check(_ sampling: Sampling) throws(ModelError) {
        if let problem = sampling.problem { throw ModelError(.argument, problem) }
        let vocabulary = model.configuration.vocabularySize
        if let token = sampling.logitBias.keys.lazy.filter({ $0 >= vocabulary }).min() {
            throw ModelError(.argument, "the logit bias names token \(token), outside the vocabulary of \(vocabulary)")
        }
    }

    /// As ``sample(_:)``, for options that make sense.
    func nextToken(_ sampling: Sampling) throws(ModelError) -> UInt32 {
        guard position > 0 else { throw noLogits }
        let mask = memory.constrained?.mask
        if mask == nil { try completeLogits() }
        if let only = mask?.only, sampling.logitBias[only] != -.infinity { return only }
        if mask?.count == 0 {
            throw ModelError(
                .argument, "no token of the model's may follow by the constraint, which the text so far can't end; use another one")
        }
        guard !isStreaming, extent != .none, let logits = someLogits?.baseAddress else { throw noLogits }
        guard let token = sampler.next(logits, recent: recent, position: position, sampling, allowed: mask) else {
            if sampler.next(logits, recent: recent, position: position, Sampling(), allowed: mask) != nil {
                throw ModelError(.argument, "the logit bias and the penalties leave no token to choose; make them smaller")
            }
            throw ModelError(
                .content,
                "\(model.file.path): the logits after token \(position) are not numbers; check the file with rg-quant verify")
        }
        return token
    }
}
