extension RegexTree {
    /// How far a match must reach.
    enum Extent {
        /// The text as a whole.
        case whole
        /// Any part of the text, as JSON Schema's `pattern` has it.
        case part
    }

    /// The texts that match, as an expression; `characters` writes one character of a set. Counts stay counts.
    ///
    /// `^` and `$` are understood where an alternative begins and ends, and nowhere else: nil if they are elsewhere.
    func expression(
        _ builder: inout ExpressionBuilder, extent: Extent, characters: (ScalarSet, inout ExpressionBuilder) -> ExpressionID
    ) -> ExpressionID? {
        var edges: [Int: (isStart: Bool, isEnd: Bool)] = [:]
        markEdges(&edges)
        var results: [ExpressionID] = []
        results.reserveCapacity(nodes.count)
        let anything = extent == .whole ? builder.empty : builder.repetition(characters(.all, &builder), min: 0, max: nil)
        for (index, node) in nodes.enumerated() {
            switch node {
            case .empty: results.append(builder.empty)
            case .characters(let set): results.append(characters(set, &builder))
            case .repetition(let part, let min, let max): results.append(builder.repetition(results[part], min: min, max: max))
            case .choice(let parts): results.append(builder.choice(parts.map { results[$0] }))
            case .start, .end:
                guard edges[index] != nil else { return nil }
                results.append(builder.empty)
            case .sequence(let parts):
                let sequence = builder.sequence(parts.map { results[$0] })
                guard let edge = edges[index] else {
                    results.append(sequence)
                    continue
                }
                let before = edge.isStart && !begins(parts, edges) ? anything : builder.empty
                let after = edge.isEnd && !ends(parts, edges) ? anything : builder.empty
                results.append(builder.sequence([before, sequence, after]))
            }
        }
        return results.last
    }

    /// Finds the sequences and marks that stand at an edge of the whole: alternatives of the whole, and of groups that are all of
    /// such an alternative, at this edge.
    private func markEdges(_ edges: inout [Int: (isStart: Bool, isEnd: Bool)]) {
        guard !nodes.isEmpty else { return }
        edges[nodes.count - 1] = (true, true)
        for index in nodes.indices.reversed() {
            guard let edge = edges[index] else { continue }
            switch nodes[index] {
            case .choice(let parts):
                for part in parts { edges[part] = edge }
            case .sequence(let parts):
                guard let first = parts.first, let last = parts.last else { continue }
                if edge.isStart, isGroupOrStart(first) { edges[first, default: (false, false)].isStart = true }
                if edge.isEnd, isGroupOrEnd(last) { edges[last, default: (false, false)].isEnd = true }
            default: break
            }
        }
    }

    private func isGroupOrStart(_ index: Int) -> Bool {
        switch nodes[index] {
        case .start, .choice: true
        default: false
        }
    }

    private func isGroupOrEnd(_ index: Int) -> Bool {
        switch nodes[index] {
        case .end, .choice: true
        default: false
        }
    }

    /// Whether a sequence says by itself what is before it: by `^`, or by a group that does.
    private func begins(_ parts: [Int], _ edges: [Int: (isStart: Bool, isEnd: Bool)]) -> Bool {
        parts.first.map { edges[$0]?.isStart == true } ?? false
    }

    private func ends(_ parts: [Int], _ edges: [Int: (isStart: Bool, isEnd: Bool)]) -> Bool {
        parts.last.map { edges[$0]?.isEnd == true } ?? false
    }
}

extension Grammar {
    /// The texts that a regular expression matches as a whole; ``RegexParser`` says what it may have. `^` and `$` at its ends change
    /// nothing.
    public convenience init(regex: String) throws(GrammarError) {
        let tree = try RegexParser.parse(regex)
        var builder = ExpressionBuilder()
        let root = tree.expression(&builder, extent: .whole) { $1.characters($0) }
        guard let root else {
            throw GrammarError(.whole, "has a ^ or $ in the middle", advice: "write them at the ends, or leave them out")
        }
        try self.init(builder, root: root)
    }
}
