/// How long passes take by their number of tokens, as measured, and how many tokens a pass had better have.
///
/// Sizes are powers of two. Between two that were measured time grows evenly, and so it goes on above the largest: a part of
/// a pass, such as reading the weights, is the same for one token and for many.
struct PassTimes {
    /// Seconds for exactly so many tokens as the size has; nil before the first pass of about that size.
    private var seconds: [Double?]
    private let capacity: Int

    /// The size of the first prompt's first pass, 32: enough for nearly full speed on most machines.
    private static let firstSize = 5
    /// The weight of the newest measurement.
    private static let weight = 0.25

    /// Nothing is known of passes of up to `capacity` tokens, a power of two.
    init(capacity: Int) {
        self.capacity = capacity
        seconds = Array(repeating: nil, count: capacity.trailingZeroBitCount + 1)
    }

    /// Takes note of a pass of so many tokens.
    mutating func note(tokens: Int, seconds new: Double) {
        guard (1...capacity).contains(tokens) else { return }
        let size = Int.bitWidth - (tokens - 1).leadingZeroBitCount
        // In proportion, although a pass that is not full is a little slower per token.
        let new = new * Double(1 << size) / Double(tokens)
        guard let old = seconds[size] else { return seconds[size] = new }
        // The first may have waited for the disk.
        seconds[size] = new < old / 2 ? new : old + Self.weight * (new - old)
    }

    /// Tokens of which a pass takes no longer than `latency` seconds; more if otherwise prompts would come to less than the `least`
    /// part of the speed that the largest pass gives.
    func tokens(latency: Double, least: Double) -> Int {
        let top = seconds.count - 1, firstSize = min(Self.firstSize, top)
        // Answers alone say nothing of prompts.
        guard let smallest = seconds.firstIndex(where: { $0 != nil }), seconds[firstSize...].contains(where: { $0 != nil }) else {
            return 1 << firstSize
        }
        let wanted = least * Double(capacity) / estimate(top)
        var size = top
        while size > 0 {
            let isShort = estimate(size) <= latency
            let suffers = Double(1 << (size - 1)) / estimate(size - 1) < wanted
            // What half of the smallest pass so far takes can be guessed; less can't.
            if isShort || suffers || size < smallest { break }
            size -= 1
        }
        return 1 << size
    }

    /// Seconds of a pass of 2^`size` tokens, if at least one size was measured.
    private func estimate(_ size: Int) -> Double {
        if let seconds = seconds[size] { return seconds }
        func point(_ size: Int) -> (tokens: Double, seconds: Double)? { seconds[size].map { (Double(1 << size), $0) } }
        let below = (0..<size).reversed().lazy.compactMap(point), above = (size + 1..<seconds.count).lazy.compactMap(point)
        let tokens = Double(1 << size)
        switch (below.first, above.first) {
        case (let low?, let high?): return low.seconds + (high.seconds - low.seconds) * (tokens - low.tokens) / (high.tokens - low.tokens)
        case (nil, let high?): return high.seconds * tokens / high.tokens
        case (let low?, nil):
            // Time per token goes on as it did last, or else in proportion.
            guard let lower = below.dropFirst().first else { return low.seconds * tokens / low.tokens }
            let perToken = max(0, low.seconds - lower.seconds) / (low.tokens - lower.tokens)
            return low.seconds + perToken * (tokens - low.tokens)
        case (nil, nil): return 0
        }
    }
}
