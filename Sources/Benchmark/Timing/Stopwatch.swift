/// Measures time on the monotonic clock, from its making on.
struct Stopwatch {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    init() { start = clock.now }

    /// Seconds so far.
    var seconds: Double { (clock.now - start) / .seconds(1) }

    /// Seconds that `body` takes.
    static func seconds<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
        let watch = Stopwatch()
        try body()
        return watch.seconds
    }
}
