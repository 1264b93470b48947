import ArgumentParser

/// A number of bytes as people write it: `2G`, `500M`, `1500000`. Units are powers of 1000, as they are shown.
public struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
    /// The number.
    public let bytes: Int
    /// As it was written.
    public let description: String

    /// A default, which must be a number of bytes.
    public init(_ literal: StaticString) {
        let text = "\(literal)"
        self = ByteCount(argument: text) ?? ByteCount(bytes: 0, description: text)
    }

    private init(bytes: Int, description: String) {
        self.bytes = bytes
        self.description = description
    }

    /// Nil for what is no number of bytes.
    public init?(argument: String) {
        let units: [Character: Int] = ["k": 1000, "K": 1000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000]
        var digits = Substring(argument)
        if digits.last == "B" { digits.removeLast() }
        let unit = digits.last.flatMap { units[$0] }
        if unit != nil { digits.removeLast() }
        guard let count = Int(digits), count >= 0 else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
        guard !overflow else { return nil }
        self.bytes = bytes
        description = argument
    }

    /// As help shows it.
    public var defaultValueDescription: String { description }
}
