/// Collects the expressions of a grammar, each once.
///
/// Past a limit it gives ``never`` and remembers so: whoever makes many looks at ``isOverLimit``, and ``Program`` refuses to be made.
struct ExpressionBuilder {
    /// A rule: what it is called in messages, and what it stands for.
    struct Rule {
        var name: String
        /// Nil until it is defined.
        var body: ExpressionID?
    }

    private(set) var expressions: [Expression] = []
    private(set) var rules: [Rule] = []
    private(set) var machines: [ByteMachine] = []
    private(set) var isOverLimit = false
    private var numbers: [Expression: ExpressionID] = [:]
    private var characterNumbers: [ScalarSet: ExpressionID] = [:]
    /// Escapes of JSON by the set of characters, as ``JSONForm`` numbers it.
    var escapes: [UInt64: ExpressionID] = [:]

    let empty: ExpressionID = 0
    let never: ExpressionID = 1

    init() {
        _ = number(.empty)
        _ = number(.never)
    }

    private mutating func number(_ expression: Expression) -> ExpressionID {
        if let number = numbers[expression] { return number }
        guard expressions.count < Limits.expressions else {
            isOverLimit = true
            return never
        }
        let number = ExpressionID(expressions.count)
        expressions.append(expression)
        numbers[expression] = number
        return number
    }

    // MARK: - Bytes and characters

    mutating func bytes(_ set: ByteSet) -> ExpressionID { set.isEmpty ? never : number(.bytes(set)) }

    mutating func literal(_ bytes: some BidirectionalCollection<UInt8>) -> ExpressionID {
        var result = empty
        for byte in bytes.reversed() { result = sequence(self.bytes(ByteSet(byte)), result) }
        return result
    }

    mutating func literal(_ text: String) -> ExpressionID { literal(Array(text.utf8)) }

    /// One character of a set, in UTF-8.
    mutating func characters(_ set: ScalarSet) -> ExpressionID {
        if let number = characterNumbers[set] { return number }
        // Many sets differ in ASCII alone.
        if let first = set.ranges.first, let last = set.ranges.last, first.lowerBound < 0x80, last.upperBound >= 0x80 {
            var bytes = ByteSet()
            for range in set.ranges where range.lowerBound < 0x80 {
                bytes.formUnion(ByteSet(UInt8(range.lowerBound)...UInt8(min(range.upperBound, 0x7F))))
            }
            let others = ScalarSet(set.ranges.filter { $0.upperBound >= 0x80 }.map { max($0.lowerBound, 0x80)...$0.upperBound })
            let result = choice([self.bytes(bytes), characters(others)])
            characterNumbers[set] = result
            return result
        }
        var order: [ExpressionID] = [], firsts: [ExpressionID: ByteSet] = [:]
        for sequence in set.ranges.flatMap(UTF8Ranges.sequences) {
            var rest = empty
            for range in sequence.dropFirst().reversed() { rest = self.sequence(bytes(ByteSet(range)), rest) }
            if firsts[rest] == nil { order.append(rest) }
            firsts[rest, default: ByteSet()].formUnion(ByteSet(sequence[0]))
        }
        let result = choice(order.map { rest in sequence(bytes(firsts[rest] ?? ByteSet()), rest) })
        characterNumbers[set] = result
        return result
    }

    // MARK: - What is made of others

    mutating func sequence(_ first: ExpressionID, _ second: ExpressionID) -> ExpressionID {
        if first == never || second == never { return never }
        if first == empty { return second }
        return second == empty ? first : number(.sequence(first, second))
    }

    mutating func sequence(_ parts: [ExpressionID]) -> ExpressionID {
        parts.reversed().reduce(empty) { sequence($1, $0) }
    }

    mutating func choice(_ alternatives: [ExpressionID]) -> ExpressionID {
        var set = ByteSet(), others: Set<ExpressionID> = []
        for alternative in alternatives where alternative != never {
            switch expressions[Int(alternative)] {
            case .bytes(let more): set.formUnion(more)
            // Large ones stay as they are: each of a long row of optional parts would have a copy of all that follow.
            case .choice(let inner) where inner.count <= 16: others.formUnion(inner)
            default: others.insert(alternative)
            }
        }
        for other in others {
            guard case .bytes(let more) = expressions[Int(other)] else { continue }
            set.formUnion(more)
            others.remove(other)
        }
        if !set.isEmpty { others.insert(bytes(set)) }
        if others.count <= 1 { return others.first ?? never }
        return number(.choice(others.sorted()))
    }

    mutating func optional(_ part: ExpressionID) -> ExpressionID { choice([part, empty]) }

    /// From `min` to `max` times, or without end.
    mutating func repetition(_ part: ExpressionID, min: Int, max: Int?) -> ExpressionID {
        if let max, max < min { return never }
        guard min <= Limits.count, max ?? 0 <= Limits.count else {
            isOverLimit = true
            return never
        }
        if part == never { return min == 0 ? empty : never }
        if part == empty || max == 0 { return empty }
        if min == 1, max == 1 { return part }
        if min == 0, max == 1 { return optional(part) }
        return number(.repetition(part, min: Int32(min), max: max.map(Int32.init)))
    }

    // MARK: - Rules and machines

    /// A rule whose body is still to come.
    mutating func makeRule(_ name: String) -> Int32 {
        rules.append(Rule(name: name, body: nil))
        return Int32(rules.count - 1)
    }

    mutating func define(_ rule: Int32, _ body: ExpressionID) { rules[Int(rule)].body = body }

    mutating func reference(_ rule: Int32) -> ExpressionID { number(.rule(rule)) }

    /// What a machine matches from its start on.
    mutating func machine(_ machine: ByteMachine) -> ExpressionID {
        guard machine.stateCount > 0 else { return never }
        guard expressions.count + machine.stateCount < Limits.expressions else {
            isOverLimit = true
            return never
        }
        let index = Int32(machines.count)
        machines.append(machine)
        // One after the other, so that the expression of a state is that of the start plus the state's number.
        let start = ExpressionID(expressions.count)
        for state in 0..<machine.stateCount { _ = number(.machine(index, state: Int32(state))) }
        return start
    }
}
