import JSON

/// A number in decimal digits, exactly: what a schema's author wrote, as far as a double keeps it.
struct Decimal: Equatable, Sendable {
    var isNegative: Bool
    /// Digits before the point, without zeros in front, except for one where there are no others.
    var whole: [UInt8]
    /// Digits after the point, without zeros at the end.
    var fraction: [UInt8]

    static let zero = Decimal()

    private init() { (isNegative, whole, fraction) = (false, [0], []) }

    /// Nil for what is no number, or has more than 400 digits.
    init?(_ value: JSONValue) {
        switch value {
        case .integer(let value): self.init(value.description)
        case .real(let value): self.init(value.description)
        default: return nil
        }
    }

    /// A whole number.
    init(_ magnitude: UInt64, isNegative: Bool) {
        self.isNegative = isNegative && magnitude > 0
        whole = magnitude.description.utf8.map { $0 - 0x30 }
        fraction = []
    }

    private init?(_ text: String) {
        let parts = text.lowercased().split(separator: "e")
        guard let mantissa = parts.first, let exponent = parts.count == 2 ? Int(parts[1]) : 0, abs(exponent) <= 400 else {
            return nil
        }
        isNegative = mantissa.first == "-"
        let halves = mantissa.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = halves.first else { return nil }
        let digits = { (text: Substring) in text.utf8.compactMap { (0x30...0x39).contains($0) ? $0 - 0x30 : nil } }
        whole = digits(first)
        fraction = halves.count == 2 ? digits(halves[1]) : []
        guard !whole.isEmpty else { return nil }
        if exponent > 0 {
            fraction += [UInt8](repeating: 0, count: max(0, exponent - fraction.count))
            whole += fraction.prefix(exponent)
            fraction.removeFirst(exponent)
        } else if exponent < 0 {
            whole = [UInt8](repeating: 0, count: max(0, 1 - exponent - whole.count)) + whole
            fraction = whole.suffix(-exponent) + fraction
            whole.removeLast(-exponent)
        }
        whole = Array(whole.drop { $0 == 0 })
        if whole.isEmpty { whole = [0] }
        while fraction.last == 0 { fraction.removeLast() }
        if isZero { isNegative = false }
    }

    var isZero: Bool { whole == [0] && fraction.isEmpty }

    /// Whether it is a whole number of times another one; nil if that has too many digits to tell.
    func isMultiple(of other: Decimal) -> Bool? {
        let places = max(fraction.count, other.fraction.count)
        func digits(_ number: Decimal) -> [UInt8] {
            number.whole + number.fraction + [UInt8](repeating: 0, count: places - number.fraction.count)
        }
        let divisor = digits(other).drop { $0 == 0 }
        guard divisor.count <= 17, !divisor.isEmpty else { return nil }
        let modulus = divisor.reduce(UInt64(0)) { 10 * $0 + UInt64($1) }
        return digits(self).reduce(UInt64(0)) { (10 * $0 + UInt64($1)) % modulus } == 0
    }

    /// -1, 0 or 1 as it is smaller than the other, the same, or larger.
    func compared(to other: Decimal) -> Int {
        if isNegative != other.isNegative { return isNegative ? -1 : 1 }
        let sign = isNegative ? -1 : 1
        if whole.count != other.whole.count { return whole.count < other.whole.count ? -sign : sign }
        if whole + fraction == other.whole + other.fraction { return 0 }
        return (whole + fraction).lexicographicallyPrecedes(other.whole + other.fraction) ? -sign : sign
    }
}
