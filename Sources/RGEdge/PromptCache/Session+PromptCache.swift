extension Session {
    /// Consumes a prompt, from position 0, with the help of `cache`: goes on from the longest beginning that is there, and stores
    /// what is new at every ``PromptCache/spacing`` tokens, where it parts from other prompts, and at the end. Returns how many
    /// tokens did not have to be computed; nil if `isCancelled`, which is asked before each pass, ended it. `onProgress` is told how
    /// many tokens are done: what the cache had, and then after each pass. If it throws, some may have been consumed.
    func prefill(
        _ tokens: [UInt32], through cache: PromptCache, isCancelled: () -> Bool = { false },
        onProgress: (_ done: Int) -> Void = { _ in }
    ) throws(ModelError) -> Int? {
        if let stored = cache.session(beginning: tokens) { memory.copy(from: stored.memory) }
        let reused = Int(position)
        if reused > 0 { onProgress(reused) }
        return try store(tokens, in: cache, isCancelled: isCancelled, onProgress: onProgress) ? reused : nil
    }

    /// Consumes the rest of a prompt, of which the tokens up to ``position`` have been consumed, and stores what is new, as
    /// ``prefill(_:through:isCancelled:onProgress:)`` does. False if `isCancelled` ended it.
    func store(
        _ tokens: [UInt32], in cache: PromptCache, isCancelled: () -> Bool, onProgress: (_ done: Int) -> Void
    ) throws(ModelError) -> Bool {
        let reused = Int(position)
        let parting = reused < tokens.count ? cache.longestCommonBeginning(of: tokens) : reused
        var start = reused, stored = reused
        while start < tokens.count {
            let next = min(tokens.count, (start / PromptCache.spacing + 1) * PromptCache.spacing)
            let end = parting > start ? min(parting, next) : next
            let isWhole = try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
                try consumeUnlessCancelled(UnsafeBufferPointer(rebasing: tokens[start..<end]), isCancelled: isCancelled) {
                    onProgress(start + $0)
                }
            }
            guard isWhole else { return false }
            start = end
            if end - stored >= PromptCache.leastGain {
                cache.store(self)
                stored = end
            }
        }
        return true
    }
}
