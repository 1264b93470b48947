/// How fast a test was, and how fast it could have been.
public struct Speed: Equatable, Sendable {
    /// What is counted.
    public enum Unit: Sendable {
        /// Reading weights from memory, bound by the read bandwidth.
        case bytes
        /// Multiplications and additions, bound by the set of kernels' peak.
        case operations
    }

    /// What the speed is one of.
    public let unit: Unit
    /// Units per second.
    public let samples: Samples
    /// What the machine can do at most, in the same unit.
    public let limit: Limit

    /// A speed beside its limit, both in units per second.
    public init(_ unit: Unit, _ samples: Samples, limit: Limit) {
        self.unit = unit
        self.samples = samples
        self.limit = limit
    }

    /// The mean as a part of the limit.
    public var fractionOfLimit: Double { samples.mean / limit.mean }
}
