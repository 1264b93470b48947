/// The expressions of a grammar as the automaton reads them. Doesn't change, so threads share it.
struct Program: Sendable {
    /// What the automaton does with an expression.
    enum Operation: Sendable {
        /// Nothing can follow: the expression matches no text of any length.
        case fail
        case pass
        case bytes(ByteSet)
        case sequence(ExpressionID, ExpressionID)
        case choice([ExpressionID])
        case repetition(ExpressionID, min: Int32, max: Int32?)
        case rule(body: ExpressionID)
        case machine(Int32, state: Int32)
    }

    let operations: [Operation]
    /// Expressions that match the empty text.
    let isNullable: [Bool]
    /// Larger than the rank of every expression that this one can begin with.
    let ranks: [Int32]
    let machines: [ByteMachine]
    let root: ExpressionID
    /// The largest number in a repetition.
    let largestCount: Int
    /// Bytes that no expression tells apart are of one class.
    let classes: [UInt8]
    /// One byte of each class.
    let representatives: [UInt8]
    /// The bytes of each class.
    let classBytes: [[UInt8]]

    /// Throws if a rule is missing, if one begins with itself, if no text matches, or if the builder ran out of room.
    init(_ builder: ExpressionBuilder, root: ExpressionID) throws(GrammarError) {
        guard !builder.isOverLimit else { throw Self.tooLarge }
        for rule in builder.rules where rule.body == nil {
            throw GrammarError(.rule(rule.name), "is used and not defined", advice: "add it, or correct its name")
        }
        let links = ExpressionLinks(builder)
        let nullable = links.nullable(), productive = links.productive()
        guard productive[Int(root)] else { throw Self.matchesNothing }
        ranks = try LeftOrder(builder, isNullable: nullable, isProductive: productive).ranks(from: root)
        operations = builder.expressions.enumerated().map { index, expression in
            guard productive[index] else { return .fail }
            return switch expression {
            case .empty: .pass
            case .never: .fail
            case .bytes(let set): .bytes(set)
            case .sequence(let first, let second): .sequence(first, second)
            case .choice(let parts): .choice(parts)
            case .repetition(let part, let min, let max): .repetition(part, min: min, max: max)
            case .rule(let rule): .rule(body: builder.rules[Int(rule)].body ?? builder.never)
            case .machine(let machine, let state): .machine(machine, state: state)
            }
        }
        isNullable = nullable
        machines = builder.machines
        self.root = root
        largestCount = builder.expressions.reduce(0) { largest, expression in
            guard case .repetition(_, let min, let max) = expression else { return largest }
            return Swift.max(largest, Int(Swift.max(min, max ?? 0)))
        }
        var classes = ByteClasses()
        for case .bytes(let set) in builder.expressions { classes.split(by: set) }
        for machine in builder.machines { classes.split(by: machine.classes) }
        self.classes = classes.classes
        classBytes = classes.bytes
        representatives = classBytes.map { $0[0] }
    }

    static let tooLarge = GrammarError(
        .whole,
        "comes to more than \(Limits.expressions) expressions", advice: "make it smaller, or its counts")
    static let matchesNothing = GrammarError(
        .whole, "matches no text at all", advice: "look for rules or demands that exclude each other")
}
