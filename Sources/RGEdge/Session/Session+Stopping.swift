extension Session {
    /// Consumes tokens, as ``feed(_:)-([UInt32])`` does, and can be stopped: `isCancelled` is asked before each pass. Where it
    /// returns true, throws ``ModelError/Kind/cancelled``, with nothing consumed: whoever calls it may rely on all tokens being
    /// there when it returns, as with the others. `onProgress` is told after each pass how many tokens have passed through the
    /// model, and how many there are.
    public func feed(
        _ tokens: [UInt32], isCancelled: () -> Bool, onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(ModelError) {
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
            try feed(tokens, isCancelled: isCancelled, onProgress: onProgress)
        }
    }

    /// The same for tokens in the caller's memory.
    public func feed(
        _ tokens: UnsafeBufferPointer<UInt32>, isCancelled: () -> Bool,
        onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(ModelError) {
        try check(tokens)
        try orStay(tokens: tokens.count) { () throws(ModelError) in
            let isWhole = try consumeUnlessCancelled(tokens, isCancelled: isCancelled) { onProgress($0, tokens.count) }
            if !isWhole { throw .cancelled(feeding: tokens.count) }
        }
    }
}
