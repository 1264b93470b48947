/// What the machine can do at most, measured right before and right after a test: machines that are
/// shared, or that heat up, change.
public struct Limit: Equatable, Sendable {
    /// Bytes or operations per second.
    public let before: Double
    /// The same figure after the test.
    public let after: Double
    /// Plain instructions per cycle of the slowest core, between the limit and the test on either side: it tells whether another
    /// thread used the core.
    public let instructionsPerCycle: (before: Double, after: Double)

    /// A limit from two measurements.
    public init(before: Double, after: Double, instructionsPerCycle: (before: Double, after: Double)) {
        self.before = before
        self.after = after
        self.instructionsPerCycle = instructionsPerCycle
    }

    /// What tests are compared with.
    public var mean: Double { (before + after) / 2 }

    /// False if the two differ by more than a tenth: the comparison is worth little then.
    public var isSteady: Bool { max(before, after) <= 1.1 * min(before, after) }

    /// The worse one of the two looks at the cores.
    var leastInstructionsPerCycle: Double { min(instructionsPerCycle.before, instructionsPerCycle.after) }

    /// The part of the most instructions per cycle seen below which a core is taken to have served another thread as well.
    static let sharedPart = 0.8

    /// True if all figures are the same.
    public static func == (a: Limit, b: Limit) -> Bool {
        (a.before, a.after) == (b.before, b.after) && a.instructionsPerCycle == b.instructionsPerCycle
    }
}
