/// What each expression can begin with. A rule that can begin with itself has no place in this order: such a grammar is refused.
struct LeftOrder {
    private let builder: ExpressionBuilder
    private let isNullable: [Bool]
    private let isProductive: [Bool]

    init(_ builder: ExpressionBuilder, isNullable: [Bool], isProductive: [Bool]) {
        self.builder = builder
        self.isNullable = isNullable
        self.isProductive = isProductive
    }

    private func beginnings(of id: ExpressionID) -> [ExpressionID] {
        guard isProductive[Int(id)] else { return [] }
        return switch builder.expressions[Int(id)] {
        case .empty, .never, .bytes, .machine: []
        case .sequence(let first, let second): isNullable[Int(first)] ? [first, second] : [first]
        case .choice(let parts): parts
        case .repetition(let part, _, _): [part]
        case .rule(let rule): builder.rules[Int(rule)].body.map { [$0] } ?? []
        }
    }

    /// The place of each expression in an order in which beginnings come first. Throws if there is none.
    func ranks(from root: ExpressionID) throws(GrammarError) -> [Int32] {
        /// 0: not seen; -1: on the way down; else its place.
        var ranks = [Int32](repeating: 0, count: builder.expressions.count)
        var next: Int32 = 1
        for start in [root] + builder.expressions.indices.map(ExpressionID.init) where ranks[Int(start)] == 0 {
            ranks[Int(start)] = -1
            var path: [(id: ExpressionID, rest: ArraySlice<ExpressionID>)] = [(start, beginnings(of: start)[...])]
            while let last = path.indices.last {
                guard let child = path[last].rest.popFirst() else {
                    ranks[Int(path[last].id)] = next
                    next += 1
                    path.removeLast()
                    continue
                }
                if ranks[Int(child)] < 0 { throw recursion(path.map(\.id), to: child) }
                guard ranks[Int(child)] == 0 else { continue }
                ranks[Int(child)] = -1
                path.append((child, beginnings(of: child)[...]))
            }
        }
        return ranks
    }

    private func recursion(_ path: [ExpressionID], to start: ExpressionID) -> GrammarError {
        let circle = path.drop { $0 != start }
        let names: [String] = circle.compactMap { id in
            guard case .rule(let rule) = builder.expressions[Int(id)] else { return nil }
            return builder.rules[Int(rule)].name
        }
        let name = names.first ?? ""
        let way = names.count > 1 ? " (\((names.prefix(8) + [name]).joined(separator: " → ")))" : ""
        return GrammarError(
            .rule(name), "begins with itself\(way)",
            advice: "write it as a repetition, as in a ::= b (\",\" b)*, not a ::= a \",\" b | b")
    }
}
