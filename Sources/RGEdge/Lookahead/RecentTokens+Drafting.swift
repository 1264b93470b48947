extension RecentTokens {
    /// The shortest end of the text, in tokens, that must have been there before.
    private static let shortestMatch = 2
    /// The longest one that is looked for.
    private static let longestMatch = 16

    /// Guesses what comes after `next`, which follows these tokens: what came after the longest match with this end of the text,
    /// the last one if there are several (prompt lookup, https://github.com/apoorvumang/prompt-lookup-decoding). Writes to `drafts`
    /// and returns how many.
    ///
    /// Looks at all tokens that are kept: some microseconds.
    func draft(after next: UInt32, to drafts: UnsafeMutableBufferPointer<UInt32>) -> Int {
        var best = (length: Self.shortestMatch - 1, distance: 0)
        // `distance` is that of a token from the end; the tokens before it are compared with those before `next`.
        for distance in stride(from: 1, through: count, by: 1) where self[fromEnd: distance] == next {
            let limit = min(Self.longestMatch, count - distance + 1)
            var length = 1
            while length < limit, self[fromEnd: distance + length] == self[fromEnd: length] { length += 1 }
            if length > best.length { best = (length, distance) }
            if length == Self.longestMatch { break }
        }
        guard best.distance > 0 else { return 0 }
        // What came there: up to the end, then `next`, and then the drafts themselves, in a text that goes in circles.
        for index in drafts.indices {
            let distance = best.distance - 1 - index
            drafts[index] = distance > 0 ? self[fromEnd: distance] : distance == 0 ? next : drafts[index - best.distance]
        }
        return drafts.count
    }
}
