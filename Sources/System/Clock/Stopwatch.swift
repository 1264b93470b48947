import Glibc

/// Measures the time since it was made, on the monotonic clock (clock_gettime(2)).
public struct Stopwatch: Sendable {
    private let start = MonotonicClock.nanoseconds

    /// A stopwatch that begins now.
    public init() {}

    /// Nanoseconds so far.
    public var nanoseconds: Int { MonotonicClock.nanoseconds - start }

    /// The time so far.
    public var time: Duration { .nanoseconds(nanoseconds) }

    /// Seconds so far.
    public var seconds: Double { Double(nanoseconds) * 1e-9 }

    /// Seconds that `body` takes.
    public static func seconds<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
        let watch = Stopwatch()
        try body()
        return watch.seconds
    }
}

/// The clock that nobody sets.
private enum MonotonicClock {
    /// Nanoseconds since some point in the past: 292 years fit.
    static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
