/// Which expressions hang on which, to find properties that go from parts to the whole.
struct ExpressionLinks {
    private let builder: ExpressionBuilder
    /// For each expression those that it is a part of: `users[starts[i]..<starts[i + 1]]`.
    private var starts: [Int32]
    private var users: [ExpressionID]

    init(_ builder: ExpressionBuilder) {
        self.builder = builder
        var counts = [Int32](repeating: 0, count: builder.expressions.count + 1)
        for index in builder.expressions.indices {
            for part in Self.parts(of: index, in: builder) { counts[Int(part) + 1] += 1 }
        }
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        starts = counts
        users = [ExpressionID](repeating: 0, count: Int(counts.last ?? 0))
        for index in builder.expressions.indices {
            for part in Self.parts(of: index, in: builder) {
                users[Int(counts[Int(part)])] = ExpressionID(index)
                counts[Int(part)] += 1
            }
        }
    }

    private static func parts(of index: Int, in builder: ExpressionBuilder) -> [ExpressionID] {
        switch builder.expressions[index] {
        case .empty, .never, .bytes, .machine: []
        case .sequence(let first, let second): first == second ? [first] : [first, second]
        case .choice(let parts): parts
        case .repetition(let part, _, _): [part]
        case .rule(let rule): builder.rules[Int(rule)].body.map { [$0] } ?? []
        }
    }

    /// Those that match the empty text.
    func nullable() -> [Bool] {
        least { expression, known in
            switch expression {
            case .empty: true
            case .never, .bytes: false
            case .sequence(let first, let second): known[Int(first)] && known[Int(second)]
            case .choice(let parts): parts.contains { known[Int($0)] }
            case .repetition(let part, let min, _): min == 0 || known[Int(part)]
            case .rule(let rule): builder.rules[Int(rule)].body.map { known[Int($0)] } ?? false
            case .machine(let machine, let state): builder.machines[Int(machine)].accepts[Int(state)]
            }
        }
    }

    /// Those that match some text.
    func productive() -> [Bool] {
        least { expression, known in
            switch expression {
            case .empty, .bytes, .machine: true
            case .never: false
            case .sequence(let first, let second): known[Int(first)] && known[Int(second)]
            case .choice(let parts): parts.contains { known[Int($0)] }
            case .repetition(let part, let min, _): min == 0 || known[Int(part)]
            case .rule(let rule): builder.rules[Int(rule)].body.map { known[Int($0)] } ?? false
            }
        }
    }

    /// The smallest set of expressions that `holds` asks for, which must be monotonic in what is known.
    private func least(_ holds: (Expression, [Bool]) -> Bool) -> [Bool] {
        var known = [Bool](repeating: false, count: builder.expressions.count)
        var pending: [Int] = []
        func look(at index: Int) {
            guard !known[index], holds(builder.expressions[index], known) else { return }
            known[index] = true
            pending.append(index)
        }
        for index in builder.expressions.indices { look(at: index) }
        while let index = pending.popLast() {
            for user in users[Int(starts[index])..<Int(starts[index + 1])] { look(at: Int(user)) }
        }
        return known
    }
}
