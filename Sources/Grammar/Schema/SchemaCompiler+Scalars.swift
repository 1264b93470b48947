import JSON

extension SchemaCompiler {
    /// Numbers of a shape: digits by a machine, where anything is asked of them.
    mutating func number(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID {
        var excluded: [Decimal] = []
        for value in shape.excluded {
            if let number = Decimal(value), !excluded.contains(number) { excluded.append(number) }
        }
        guard excluded.count <= Limits.excludedNumbers else {
            throw (shape.excludedPlace ?? SchemaPart(value: true, path: "")).error(
                "leaves out more than \(Limits.excludedNumbers) numbers", advice: "use bounds")
        }
        excluded.sort { $0.compared(to: $1) < 0 }
        // What is between two of them, or beside them all.
        var results: [ExpressionID] = []
        for index in 0...excluded.count {
            var rules = shape.numbers
            if index > 0 { rules.add(low: NumberRules.Bound(value: excluded[index - 1], isExclusive: true)) }
            if index < excluded.count { rules.add(high: NumberRules.Bound(value: excluded[index], isExclusive: true)) }
            results.append(try number(shape, rules))
        }
        return builder.choice(results)
    }

    private mutating func number(_ shape: SchemaShape, _ rules: NumberRules) throws(GrammarError) -> ExpressionID {
        let isWhole = !shape.types.contains(.fraction), isNeverWhole = !shape.types.contains(.integer)
        let place = shape.multiplePlace ?? SchemaPart(value: true, path: "")
        if rules.isEmpty, !isWhole, !isNeverWhole { return form.number(&builder) }
        let kind = (hasFraction: !isWhole, isNeverWhole: isNeverWhole)
        var results: [ExpressionID] = []
        if rules.high.map({ !$0.value.isNegative && !($0.value.isZero && $0.isExclusive) }) ?? true {
            var low = rules.low
            if low?.value.isNegative == true { low = nil }
            results.append(try digits(low: low, high: rules.high, rules, place, kind))
        }
        if rules.low?.value.isNegative ?? true {
            func size(_ bound: NumberRules.Bound) -> NumberRules.Bound {
                var bound = bound
                bound.value.isNegative = false
                return bound
            }
            // Below zero: nothing is written -0.
            var low = NumberRules.Bound(value: .zero, isExclusive: true)
            if let high = rules.high, high.value.isNegative { low = size(high) }
            let negative = try digits(low: low, high: rules.low.map(size), rules, place, kind)
            results.append(builder.sequence(builder.literal("-"), negative))
        }
        return builder.choice(results)
    }

    private mutating func digits(
        low: NumberRules.Bound?, high: NumberRules.Bound?, _ rules: NumberRules, _ place: SchemaPart,
        _ kind: (hasFraction: Bool, isNeverWhole: Bool)
    ) throws(GrammarError) -> ExpressionID {
        let places = rules.multiples.map(\.fraction.count).max()
        var divisors: [UInt32] = []
        for multiple in rules.multiples {
            let digits = multiple.whole + multiple.fraction + [UInt8](repeating: 0, count: (places ?? 0) - multiple.fraction.count)
            let divisor = digits.reduce(UInt64(0)) { min(10 * $0 + UInt64($1), 1 << 40) }
            guard !multiple.isNegative, divisor > 0, divisor <= 10_000 else {
                throw place.error("a multipleOf with more than 4 digits is not supported", advice: "use a rounder number")
            }
            if divisor > 1 { divisors.append(UInt32(divisor)) }
        }
        let machine = NumberMachine(
            low: low, high: high, divisors: divisors, places: places,
            hasFraction: kind.hasFraction, isNeverWhole: kind.isNeverWhole
        )
        .machine()
        guard let machine else {
            throw place.error("bounds and multipleOf come to too large a machine", advice: "use rounder numbers")
        }
        return builder.machine(machine)
    }
}
