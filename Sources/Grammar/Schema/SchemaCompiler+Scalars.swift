import JSON

extension SchemaCompiler {
    /// Numbers of a shape: digits by a machine, where anything is asked of them.
    mutating func number(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID {
        let rules = shape.numbers, hasFraction = shape.types.contains(.fraction)
        let place = shape.multiplePlace ?? SchemaPart(value: true, path: "")
        if rules.isEmpty, hasFraction { return form.number(&builder) }
        var results: [ExpressionID] = []
        if rules.high.map({ !$0.value.isNegative && !($0.value.isZero && $0.isExclusive) }) ?? true {
            var low = rules.low
            if low?.value.isNegative == true { low = nil }
            results.append(try digits(low: low, high: rules.high, rules, place, hasFraction))
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
            let negative = try digits(low: low, high: rules.low.map(size), rules, place, hasFraction)
            results.append(builder.sequence(builder.literal("-"), negative))
        }
        return builder.choice(results)
    }

    private mutating func digits(
        low: NumberRules.Bound?, high: NumberRules.Bound?, _ rules: NumberRules, _ place: SchemaPart, _ hasFraction: Bool
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
            hasFraction: hasFraction
        )
        .machine()
        guard let machine else {
            throw place.error("bounds and multipleOf come to too large a machine", advice: "use rounder numbers")
        }
        return builder.machine(machine)
    }

    mutating func string(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID {
        let hasLength = shape.minLength > 0 || shape.maxLength != nil
        let places = shape.patterns.map(\.part) + shape.formats.map(\.part)
        guard let place = places.first else { return form.string(&builder, min: shape.minLength, max: shape.maxLength) }
        guard places.count == 1 else {
            throw place.error("is not supported beside another pattern or a format", advice: "say all of it in one pattern")
        }
        let length = hasLength ? (shape.minLength, shape.maxLength) : nil
        if let pattern = shape.patterns.first {
            return form.quoted(try inner(pattern.regex, .part, place, length: length), &builder)
        }
        let name = shape.formats.first?.name ?? ""
        guard let regex = SchemaFormats.regex(name) else {
            throw place.error("is a format that is not supported", advice: "write a pattern, or leave it out")
        }
        return form.quoted(try inner(regex, .whole, place, length: length), &builder)
    }

    /// What stands between the quotes of a string that matches, of so many characters if a length is given.
    mutating func inner(
        _ regex: String, _ extent: RegexTree.Extent, _ place: SchemaPart, length: (min: Int, max: Int?)? = nil
    ) throws(GrammarError) -> ExpressionID {
        var tree: RegexTree
        do throws(GrammarError) { tree = try RegexParser.parse(regex) } catch {
            throw place.error(error.description)
        }
        if let length {
            guard let limited = tree.limited(min: length.min, max: length.max, extent: extent) else {
                throw place.error("is not supported beside minLength or maxLength", advice: "say the length in the pattern")
            }
            tree = limited
        }
        let form = form
        guard let result = tree.expression(&builder, extent: extent, characters: { form.characters($0, &$1) }) else {
            throw place.error("has a ^ or $ in the middle, which is not supported", advice: "write them at the ends")
        }
        return result
    }
}
