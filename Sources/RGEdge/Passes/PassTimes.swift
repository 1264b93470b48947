/// How long passes take by their number of tokens, as measured, and how many tokens a pass had better have.
///
/// Sizes are powers of two. One that was not measured is taken for as fast as it can be, so that it is tried: half a pass takes at
/// least half the time, and a part of a pass, such as reading the weights, takes the same for one token and for many.
struct PassTimes {
    /// Passes of a size.
    private struct Measurement {
        /// For exactly so many tokens as the size has: a moving average.
        var seconds: Double
        /// The last one by itself.
        var last: Double
        /// The number of the last pass.
        var pass: Int
        /// False after the first, which may have waited for the disk.
        var isConfirmed = false
    }

    private var measurements: [Measurement?]
    private let capacity: Int
    private var passes = 0

    /// The size of the first prompt's first pass, 32: enough for nearly full speed on most machines.
    private static let firstSize = 5
    /// The weight of the newest measurement.
    private static let weight = 0.25
    /// After so many other passes a size is forgotten, as other programs come and go.
    private static let memory = 256

    /// Nothing is known of passes of up to `capacity` tokens, a power of two.
    init(capacity: Int) {
        self.capacity = capacity
        measurements = Array(repeating: nil, count: capacity.trailingZeroBitCount + 1)
    }

    /// Takes note of a pass of so many tokens.
    mutating func note(tokens: Int, seconds: Double) {
        guard (1...capacity).contains(tokens) else { return }
        passes += 1
        for size in measurements.indices {
            if let pass = measurements[size]?.pass, passes - pass > Self.memory { measurements[size] = nil }
        }
        let size = Int.bitWidth - (tokens - 1).leadingZeroBitCount
        // In proportion, although a pass that is not full is a little slower per token.
        let seconds = seconds * Double(1 << size) / Double(tokens)
        guard let old = measurements[size] else {
            return measurements[size] = Measurement(seconds: seconds, last: seconds, pass: passes)
        }
        // One that took long by itself was stopped, or waited for something: only the second one counts.
        let counted = min(seconds, old.last)
        let mean = counted < old.seconds / 2 ? counted : old.seconds + Self.weight * (counted - old.seconds)
        measurements[size] = Measurement(seconds: mean, last: seconds, pass: passes, isConfirmed: true)
    }

    /// Tokens of which a pass takes no longer than `latency` seconds; more if otherwise prompts would come to less than the `least`
    /// part of the greatest speed. Never more than twice as many as were measured, so that a guess costs little.
    func tokens(latency: Double, least: Double) -> Int {
        let firstSize = min(Self.firstSize, measurements.count - 1)
        // Answers alone say nothing of prompts.
        guard let largest = measurements.lastIndex(where: { $0 != nil }), largest >= firstSize else { return 1 << firstSize }
        if let size = measurements[firstSize...].firstIndex(where: { $0?.isConfirmed == false }) { return 1 << size }
        let top = min(largest + 1, measurements.count - 1)
        func speed(_ size: Int) -> Double { Double(1 << size) / estimate(size) }
        let wanted = least * (0...top).reduce(0) { max($0, speed($1)) }
        var size = top
        while size > 0, estimate(size) > latency {
            if speed(size - 1) < wanted { break }
            size -= 1
        }
        return 1 << size
    }

    /// Seconds of a pass of 2^`size` tokens, at best; at least one size was measured.
    private func estimate(_ size: Int) -> Double {
        if let measurement = measurements[size] { return measurement.seconds }
        let below = (0..<size).reversed().first { measurements[$0] != nil }
        let above = (size + 1..<measurements.count).first { measurements[$0] != nil }
        func seconds(_ size: Int) -> Double { measurements[size]?.seconds ?? 0 }
        switch (below, above) {
        case (let low, let high?): return max(low.map(seconds) ?? 0, seconds(high) / Double(1 << (high - size)))
        case (let low?, nil):
            // Time per token goes on as it did last, or else in proportion.
            guard let lower = (0..<low).reversed().first(where: { measurements[$0] != nil }) else {
                return seconds(low) * Double(1 << (size - low))
            }
            let perToken = max(0, seconds(low) - seconds(lower)) / Double((1 << low) - (1 << lower))
            return seconds(low) + perToken * Double((1 << size) - (1 << low))
        case (nil, nil): return 0
        }
    }
}
