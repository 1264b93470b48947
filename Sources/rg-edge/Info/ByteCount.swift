import ArgumentParser

/// A number of bytes as people write it: `2G`, `500M`, `1500000`. Units are powers of 1000, as ``Format/bytes(_:)`` shows them.
struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
    let bytes: Int
    let description: String

    init?(argument: String) {
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

    var defaultValueDescription: String { description }
}
