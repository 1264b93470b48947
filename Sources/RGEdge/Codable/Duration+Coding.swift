import System

// Times are coded as seconds, which is what a file of settings has and what other languages read; the standard library's coding of
// a Duration is a pair of integers.

extension KeyedDecodingContainer {
    /// A number of seconds, to the nanosecond; nil if it is missing. Throws for one below 0 or of more than a century.
    func decodeSeconds(forKey key: Key) throws -> Duration? {
        guard let seconds = try decodeIfPresent(Double.self, forKey: key) else { return nil }
        guard (0...3e9).contains(seconds) else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "\(seconds) seconds are not possible")
        }
        return .nanoseconds(Int64((seconds * 1e9).rounded()))
    }
}

extension KeyedEncodingContainer {
    /// As a number of seconds.
    mutating func encodeSeconds(_ time: Duration, forKey key: Key) throws { try encode(time.seconds, forKey: key) }
}
