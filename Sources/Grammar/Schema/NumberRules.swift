/// What a schema demands of a number.
struct NumberRules: Sendable {
    struct Bound: Sendable {
        var value: Decimal
        var isExclusive: Bool
    }

    var low: Bound?
    var high: Bound?
    var multiples: [Decimal] = []

    var isEmpty: Bool { low == nil && high == nil && multiples.isEmpty }

    /// Narrows to what is not below.
    mutating func add(low bound: Bound) {
        guard let old = low else { return low = bound }
        let order = bound.value.compared(to: old.value)
        if order > 0 || order == 0 && bound.isExclusive { low = bound }
    }

    mutating func add(high bound: Bound) {
        guard let old = high else { return high = bound }
        let order = bound.value.compared(to: old.value)
        if order < 0 || order == 0 && bound.isExclusive { high = bound }
    }

    /// Whether no number is within both.
    func excludes(_ other: NumberRules) -> Bool {
        var both = self
        if let low = other.low { both.add(low: low) }
        if let high = other.high { both.add(high: high) }
        guard let low = both.low, let high = both.high else { return false }
        let order = low.value.compared(to: high.value)
        return order > 0 || order == 0 && (low.isExclusive || high.isExclusive)
    }
}
