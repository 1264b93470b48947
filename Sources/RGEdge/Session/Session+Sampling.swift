extension Session {
    /// Chooses the token to follow from the current logits; does not feed it. Throws, with nothing changed, before the first token,
    /// for options that make no sense, and for a model whose logits are not numbers.
    public func sample(_ sampling: Sampling) throws(ModelError) -> UInt32 {
        try claim()
        if let problem = sampling.problem { throw ModelError(.argument, problem) }
        return try nextToken(sampling)
    }

    /// The same for options that make sense.
    func nextToken(_ sampling: Sampling) throws(ModelError) -> UInt32 {
        let mask = memory.constrained?.mask
        if mask == nil { try completeLogits() }
        if let only = mask?.only { return only }
        if mask?.count == 0 {
            throw ModelError(
                .argument, "no token of the model's may follow by the constraint, which the text so far can't end; use another one")
        }
        guard !isStreaming, extent != .none, let logits = someLogits?.baseAddress else {
            throw ModelError(.argument, "there are no logits before the first token, nor within a prompt; feed it first")
        }
        guard let token = sampler.next(logits, recent: recent, position: position, sampling, allowed: mask?.words) else {
            throw ModelError(
                .content,
                "\(model.file.path): the logits after token \(position) are not numbers; check the file with rg-quant verify")
        }
        return token
    }
}
