/// What one plain character (``PlainText``), whichever it is, does to a state.
struct PlainStep {
    /// The state that most of them lead to.
    var usual: Int32
    /// First bytes of those that lead elsewhere.
    var exceptions: ByteSet
}

/// How many plain characters, whichever they are, may come from a state on.
struct PlainReach {
    var count: Int
    /// True if no longer text of plain characters may come.
    var isExact: Bool
}

extension StatePool {
    /// Counts up to `limit`; under the lock.
    func plainReach(_ start: Int32, limit: Int) -> PlainReach {
        if let known = plainReaches[start] { return known }
        var state = start, count = 0, isExact = false
        while count < limit {
            if let known = plainReaches[state] {
                (count, isExact) = (count + known.count, known.isExact)
                break
            }
            let step = plainStep(state)
            guard step.exceptions.isEmpty else { break }
            guard step.usual > StatePool.overLimit else {
                isExact = step.usual == StatePool.dead
                break
            }
            // A state that leads to itself has no end.
            if step.usual == state { count = limit }
            count += 1
            state = step.usual
        }
        let reach = PlainReach(count: min(count, limit), isExact: isExact && count < limit)
        plainReaches[start] = reach
        return reach
    }

    /// Under the lock.
    func plainStep(_ state: Int32) -> PlainStep {
        if let known = plainSteps[state] { return known }
        var targets: [(bytes: ByteSet, count: Int, target: Int32?)] = []
        for edge in plainEdges[0] {
            let target = plainTarget(edge.next, next(state, class: edge.number))
            targets.append((edge.bytes, edge.bytes.count, target))
        }
        var weights: [Int32: Int] = [:]
        for case (_, let count, let target?) in targets { weights[target, default: 0] += count }
        let usual = weights.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? StatePool.dead
        var exceptions = ByteSet()
        for (bytes, _, target) in targets where target != usual { exceptions.formUnion(bytes) }
        let step = PlainStep(usual: usual, exceptions: exceptions)
        plainSteps[state] = step
        return step
    }

    /// The state in which all characters end that go on from a state of ``PlainText``; nil if they differ. Three bytes deep at most.
    private func plainTarget(_ plain: Int, _ state: Int32) -> Int32? {
        if plain == 0 || state <= StatePool.overLimit { return state }
        var target: Int32?
        for edge in plainEdges[plain] {
            guard let end = plainTarget(edge.next, next(state, class: edge.number)) else { return nil }
            if let target, target != end { return nil }
            target = end
        }
        return target
    }
}

/// Bytes that lead a state of ``PlainText`` to another, and are of one class of a grammar.
struct PlainEdge {
    var bytes: ByteSet
    var next: Int
    /// The class of the grammar.
    var number: Int

    /// Those of each state of ``PlainText``.
    static func edges(_ program: Program) -> [[PlainEdge]] {
        (0..<PlainText.states).map { state in
            var edges: [PlainEdge] = []
            for (number, bytes) in program.classBytes.enumerated() {
                var sets: [Int: ByteSet] = [:]
                for byte in bytes {
                    if let next = PlainText.next(state, byte) { sets[next, default: ByteSet()].insert(byte) }
                }
                edges += sets.sorted { $0.key < $1.key }.map { PlainEdge(bytes: $0.value, next: $0.key, number: number) }
            }
            return edges
        }
    }
}
