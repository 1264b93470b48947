/// Reads the digits of a number without sign and exponent, and knows how they compare with bounds and what they are multiples of.
struct NumberMachine {
    private struct State: Hashable {
        /// 0: nothing yet; 1: a zero; 2: digits; 3: the point; 4: digits after it.
        var phase: UInt8 = 0
        /// Digits of the part at hand.
        var count: UInt16 = 0
        /// How the digits compare with those of each bound in the same places.
        var low: Int8 = 0
        var high: Int8 = 0
        var remainders: [UInt32] = []
        /// Digits before the point; kept only where it is asked how many there are altogether.
        var before: UInt16 = 0
        /// Whether a digit after the point is not zero; kept only where it is asked for.
        var isBroken = false
    }

    /// Bounds of the size; nil where there are none.
    var low: NumberRules.Bound?
    var high: NumberRules.Bound?
    /// Multiples of these divided by 10^places.
    var divisors: [UInt32] = []
    /// Digits after the point that a multiple has at most; nil where nothing is asked.
    var places: Int?
    var hasFraction: Bool
    /// Whether whole numbers are left out.
    var isNeverWhole = false

    /// Digits before and after the point, where bounds don't ask for more: what a double keeps.
    private static let digits = 15

    /// The machine; one without states if no number is right. Nil if it is too large.
    func machine() -> ByteMachine? {
        ByteMachine.explored(
            from: State(remainders: divisors.map { _ in 0 }), classes: Self.classes, next: next, accepts: accepts)
    }

    /// Each digit and the point by itself.
    private static let classes: ByteClasses = {
        var classes = ByteClasses()
        classes.split(by: (0...255).map { (0x2E...0x39).contains($0) ? $0 : 0 })
        return classes
    }()

    /// Of whole numbers: what 64 bits keep.
    private static let wholeDigits = 18

    private var mostWhole: Int {
        max(hasFraction ? Self.digits : Self.wholeDigits, (low?.value.whole.count ?? 0) + 1, high?.value.whole.count ?? 0)
    }
    private var mostFraction: Int {
        if !hasFraction { return 0 }
        if let places { return places }
        return max(Self.digits, low?.value.fraction.count ?? 0, high?.value.fraction.count ?? 0) + 1
    }

    private func next(_ state: State, _ byte: UInt8) -> State? {
        var next = state
        if byte == UInt8(ascii: ".") {
            guard state.phase == 1 || state.phase == 2, mostFraction > 0 else { return nil }
            next.low = wholeOrder(state, low, state.low)
            next.high = wholeOrder(state, high, state.high)
            (next.phase, next.count) = (3, 0)
            if isExact { next.before = state.count }
            return next
        }
        guard (0x30...0x39).contains(byte), state.phase != 1 else { return nil }
        let digit = byte - 0x30, isFraction = state.phase >= 3
        guard Int(state.count) < (isFraction ? mostFraction : mostWhole) else { return nil }
        if isExact, isFraction, Int(state.before) + Int(state.count) >= Self.digits { return nil }
        next.phase = isFraction ? 4 : state.phase == 0 && digit == 0 ? 1 : 2
        next.low = order(digit, state, low, state.low, isFraction)
        next.high = order(digit, state, high, state.high, isFraction)
        next.count += 1
        if isNeverWhole, isFraction, digit != 0 { next.isBroken = true }
        for index in divisors.indices {
            next.remainders[index] = UInt32((UInt64(state.remainders[index]) * 10 + UInt64(digit)) % UInt64(divisors[index]))
        }
        return next
    }

    /// Whether no two numbers may become the same double: one that rounds to an excluded bound, or to a whole number, is wrong for
    /// whoever reads it.
    private var isExact: Bool {
        hasFraction && (isNeverWhole || [low, high].contains { $0.map { $0.isExclusive && !$0.value.isZero } ?? false })
    }

    private func order(_ digit: UInt8, _ state: State, _ bound: NumberRules.Bound?, _ order: Int8, _ isFraction: Bool) -> Int8 {
        guard let bound, order == 0 else { return order }
        let digits = isFraction ? bound.value.fraction : bound.value.whole, place = Int(state.count)
        let other = place < digits.count ? digits[place] : isFraction ? 0 : digit
        return digit < other ? -1 : digit > other ? 1 : 0
    }

    /// The order once the whole part is over.
    private func wholeOrder(_ state: State, _ bound: NumberRules.Bound?, _ order: Int8) -> Int8 {
        guard let bound else { return 0 }
        let count = Int(state.count), other = bound.value.whole.count
        return count < other ? -1 : count > other ? 1 : order
    }

    private func accepts(_ state: State) -> Bool {
        guard state.phase == 1 || state.phase == 2 || state.phase == 4, state.isBroken || !isNeverWhole else { return false }
        let digits = state.phase == 4 ? Int(state.count) : 0
        func final(_ bound: NumberRules.Bound, _ order: Int8) -> Int8 {
            let order = state.phase == 4 ? order : wholeOrder(state, bound, order)
            return order == 0 && digits < bound.value.fraction.count ? -1 : order
        }
        if let low, case let order = final(low, state.low), order < 0 || order == 0 && low.isExclusive { return false }
        if let high, case let order = final(high, state.high), order > 0 || order == 0 && high.isExclusive { return false }
        for (divisor, remainder) in zip(divisors, state.remainders) {
            var remainder = UInt64(remainder)
            for _ in digits..<max(digits, places ?? 0) { remainder = remainder * 10 % UInt64(divisor) }
            if remainder != 0 { return false }
        }
        return true
    }
}
