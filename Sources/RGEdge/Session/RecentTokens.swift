/// The last tokens of a session, up to ``limit`` of them.
struct RecentTokens {
    /// The most tokens that are kept: as far as ``Sampling/repetitionWindow`` can look back.
    static let limit = Sampling.repetitionWindowLimit

    private var ring = [UInt32](repeating: 0, count: limit)
    /// Tokens appended since the last ``removeAll()``.
    private var total = 0

    /// Tokens that are kept.
    var count: Int { min(total, Self.limit) }
    /// The tokens that are kept.
    var oldestFirst: [UInt32] { (0..<count).map { self[fromEnd: count - $0] } }

    mutating func append(_ token: UInt32) {
        ring[total % Self.limit] = token
        total += 1
    }

    mutating func removeAll() { total = 0 }

    /// Makes these tokens those of `other`, in the memory that is there.
    mutating func copy(from other: RecentTokens) {
        total = other.total
        for index in 0..<count { ring[index] = other.ring[index] }
    }

    /// The token `distance` before the end: 1 for the last; at most ``count``.
    subscript(fromEnd distance: Int) -> UInt32 { ring[(total - distance) % Self.limit] }

    /// Calls `body` with the last `count` tokens, or all if there are fewer, oldest first.
    func forEach(last count: Int, _ body: (UInt32) -> Void) {
        for distance in stride(from: min(count, self.count), to: 0, by: -1) { body(self[fromEnd: distance]) }
    }
}
