@testable import Grammar

/// Says what an expression matches by trying everything, without states or stacks.
struct ReferenceRecognizer {
    private struct Question: Hashable {
        var expression: ExpressionID
        var start: Int
    }

    let builder: ExpressionBuilder
    let text: [UInt8]
    private var answers: [Question: Set<Int>] = [:]

    static func matches(_ text: [UInt8], _ root: ExpressionID, _ builder: ExpressionBuilder) -> Bool {
        var recognizer = ReferenceRecognizer(builder: builder, text: text)
        return recognizer.ends(root, 0).contains(text.count)
    }

    /// Where a match that begins at `start` can end. Recursion goes as deep as the grammar.
    private mutating func ends(_ expression: ExpressionID, _ start: Int) -> Set<Int> {
        let question = Question(expression: expression, start: start)
        if let answer = answers[question] { return answer }
        // What begins with itself all the same matches nothing, or the grammar would be refused.
        answers[question] = []
        let answer: Set<Int>
        switch builder.expressions[Int(expression)] {
        case .empty: answer = [start]
        case .never: answer = []
        case .bytes(let set): answer = start < text.count && set.contains(text[start]) ? [start + 1] : []
        case .sequence(let first, let second): answer = then(ends(first, start), second)
        case .choice(let parts): answer = parts.reduce(into: []) { $0.formUnion(ends($1, start)) }
        case .rule(let rule): answer = builder.rules[Int(rule)].body.map { ends($0, start) } ?? []
        case .repetition(let part, let min, let max):
            var result: Set<Int> = min == 0 ? [start] : []
            var current: Set<Int> = [start]
            // A part may be empty, so more rounds than bytes bring nothing new once the smallest count is reached.
            for round in 1...Swift.max(1, Swift.min(Int(max ?? .max), Int(min) + text.count + 1)) where max != 0 {
                current = then(current, part)
                if round >= min { result.formUnion(current) }
            }
            answer = result
        case .machine(let machine, let state): answer = machineEnds(builder.machines[Int(machine)], state, start)
        }
        answers[question] = answer
        return answer
    }

    private mutating func then(_ places: Set<Int>, _ next: ExpressionID) -> Set<Int> {
        places.reduce(into: []) { $0.formUnion(ends(next, $1)) }
    }

    private func machineEnds(_ machine: ByteMachine, _ state: Int32, _ start: Int) -> Set<Int> {
        var ends: Set<Int> = machine.accepts[Int(state)] ? [start] : [], state = state
        for index in start..<text.count {
            guard let next = machine.next(state, text[index]) else { break }
            state = next
            if machine.accepts[Int(state)] { ends.insert(index + 1) }
        }
        return ends
    }
}
