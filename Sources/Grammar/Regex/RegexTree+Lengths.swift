extension RegexTree {
    /// The same with matches of so many characters only; nil where that can't be said without writing counts out: it can where all
    /// matches have such a length anyway, and for one repeated class, as `^[a-z]+$`.
    func limited(min: Int, max: Int?, extent: Extent) -> RegexTree? {
        let own = lengths(extent)
        if own.min >= min, own.max ?? .max <= max ?? .max { return self }
        guard let index = nodes.indices.first(where: isRepetition), isOnlyItem(index, extent),
            case .repetition(let part, let low, let high) = nodes[index]
        else { return nil }
        let least = Swift.max(min, low), most = Swift.min(max ?? .max, high ?? .max)
        guard least <= most else { return RegexTree(nodes: [.characters(ScalarSet())]) }
        var result = self
        result.nodes[index] = .repetition(part, min: least, max: most == .max ? nil : most)
        return result
    }

    private func isRepetition(_ index: Int) -> Bool {
        if case .repetition(let part, _, _) = nodes[index], case .characters = nodes[part] { return true }
        return false
    }

    /// Whether the whole is this node, with the marks that the extent needs.
    private func isOnlyItem(_ index: Int, _ extent: Extent) -> Bool {
        guard case .choice(let alternatives)? = nodes.last, alternatives.count == 1,
            case .sequence(let parts) = nodes[alternatives[0]]
        else {
            return false
        }
        return parts.contains(index) && parts.count == (isAnchored(alternatives[0]) ? 3 : 1)
            && (isAnchored(alternatives[0]) || extent == .whole)
    }

    /// Whether an alternative begins with `^` and ends with `$`.
    private func isAnchored(_ index: Int) -> Bool {
        guard case .sequence(let parts) = nodes[index], let first = parts.first, let last = parts.last else { return false }
        if case .start = nodes[first], case .end = nodes[last] { return true }
        return false
    }

    /// How long matches are, at least and at most; the text around a match of a part of it included.
    private func lengths(_ extent: Extent) -> (min: Int, max: Int?) {
        var lengths: [(min: Int, max: Int?)] = []
        for node in nodes {
            switch node {
            case .empty, .start, .end: lengths.append((0, 0))
            case .characters: lengths.append((1, 1))
            case .sequence(let parts):
                lengths.append(
                    parts.reduce((0, 0)) { sum, part in
                        (
                            Self.sum(sum.min, lengths[part].min),
                            sum.max.flatMap { sum in lengths[part].max.map { Self.sum(sum, $0) } }
                        )
                    })
            case .choice(let parts):
                let isEndless = parts.contains { lengths[$0].max == nil }
                lengths.append(
                    (parts.map { lengths[$0].min }.min() ?? 0, isEndless ? nil : parts.compactMap { lengths[$0].max }.max()))
            case .repetition(let part, let min, let max):
                let longest = lengths[part].max == 0 ? 0 : max.flatMap { max in lengths[part].max.map { Self.product($0, max) } }
                lengths.append((Self.product(lengths[part].min, min), longest))
            }
        }
        guard let whole = lengths.last else { return (0, 0) }
        guard extent == .part, case .choice(let alternatives)? = nodes.last, !alternatives.allSatisfy(isAnchored) else {
            return whole
        }
        return (whole.min, nil)
    }

    /// Sums and products stop at the largest count: more than any length that is asked for.
    private static func sum(_ left: Int, _ right: Int) -> Int { Swift.min(left + right, Limits.count + 1) }

    private static func product(_ left: Int, _ right: Int) -> Int { Swift.min(left * right, Limits.count + 1) }
}
