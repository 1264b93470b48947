/// What a test of a model gave.
public struct SpeedResult: Equatable, Sendable {
    /// What was measured.
    public let test: SpeedTest
    /// Threads that computed.
    public let threads: Int
    /// Of each repetition.
    public let seconds: Samples
    /// Bytes of weights per second (`tg`) or operations of the matrices per second (`pp`).
    public let speed: Speed
    /// Bytes of the process in memory after the test, without those that the bandwidth is measured with: mapped files included.
    public let residentBytes: Int
    /// Those of them that belong to no file: all that was allocated and written to.
    public let privateBytes: Int

    /// What repetitions gave, each of which read or computed `unitsPerRun` units.
    public init(
        test: SpeedTest, threads: Int, seconds: Samples, unitsPerRun: Int, unit: Speed.Unit, limit: Limit, residentBytes: Int,
        privateBytes: Int
    ) {
        self.test = test
        self.threads = threads
        self.seconds = seconds
        speed = Speed(unit, seconds.map { Double(unitsPerRun) / $0 }, limit: limit)
        self.residentBytes = residentBytes
        self.privateBytes = privateBytes
    }

    /// Of each repetition.
    public var tokensPerSecond: Samples { seconds.map { Double(test.tokens) / $0 } }
}
