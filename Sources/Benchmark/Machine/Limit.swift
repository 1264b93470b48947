/// What the machine can do at most, measured right before and right after a test: machines that are
/// shared, or that heat up, change.
public struct Limit: Equatable, Sendable {
    /// Bytes or operations per second.
    public let before: Double
    /// The same figure after the test.
    public let after: Double

    /// A limit from two measurements.
    public init(before: Double, after: Double) {
        self.before = before
        self.after = after
    }

    /// What tests are compared with.
    public var mean: Double { (before + after) / 2 }

    /// False if the two differ by more than a tenth: the comparison is worth little then.
    public var isSteady: Bool { max(before, after) <= 1.1 * min(before, after) }
}
