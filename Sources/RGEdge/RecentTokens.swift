/// The last tokens of a session, up to ``Sampling/repetitionWindowLimit`` of them.
struct RecentTokens {
    private var ring = [UInt32](repeating: 0, count: Sampling.repetitionWindowLimit)
    private var total = 0

    mutating func append(_ tokens: UnsafeBufferPointer<UInt32>) {
        for token in tokens.suffix(ring.count) {
            ring[total % ring.count] = token
            total += 1
        }
    }

    mutating func removeAll() { total = 0 }

    /// Calls `body` with the last `count` tokens, fewer if there are not so many, oldest first.
    func forEach(last count: Int, _ body: (UInt32) -> Void) {
        for index in total - min(count, total, ring.count)..<total { body(ring[index % ring.count]) }
    }
}
