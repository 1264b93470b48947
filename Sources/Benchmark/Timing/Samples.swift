/// What repeated measurements of one figure gave.
public struct Samples: Equatable, Sendable {
    /// The measurements in order; never empty.
    public private(set) var values: [Double]

    /// At least one measurement.
    public init(_ first: Double, _ others: Double...) { values = [first] + others }

    /// Adds a measurement.
    public mutating func append(_ value: Double) { values.append(value) }

    /// The arithmetic mean.
    public var mean: Double { values.reduce(0, +) / Double(values.count) }

    /// The standard deviation that the sample lets expect (divided by count - 1, as llama-bench does); 0 for one measurement.
    public var deviation: Double {
        guard values.count > 1 else { return 0 }
        let mean = mean
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    /// The largest measurement.
    public var largest: Double { values.reduce(-.infinity, max) }
    /// The smallest measurement.
    public var smallest: Double { values.reduce(.infinity, min) }

    /// The samples with each measurement changed by `transform`.
    public func map(_ transform: (Double) -> Double) -> Samples {
        var changed = self
        changed.values = values.map(transform)
        return changed
    }
}
