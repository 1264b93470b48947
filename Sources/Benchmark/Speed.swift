/// How fast a test was, and how fast it could have been.
public struct Speed: Equatable, Sendable {
    /// What is counted.
    public enum Unit: Sendable {
        /// Reading weights from memory, bound by the read bandwidth.
        case bytes
        /// Multiplications and additions, bound by the set of kernels' peak.
        case operations
    }

    public let unit: Unit
    /// Units a second.
    public let samples: Samples
    public let limit: Limit

    public init(_ unit: Unit, _ samples: Samples, limit: Limit) {
        self.unit = unit
        self.samples = samples
        self.limit = limit
    }

    /// The mean as a part of the limit.
    public var fractionOfLimit: Double { samples.mean / limit.mean }
}
