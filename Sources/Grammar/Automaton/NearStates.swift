/// States that allow the same short texts: where a count is far from its ends, it doesn't matter which it is. So a string of up to
/// 500 characters has one mask for most of its places.
extension StatePool {
    /// Levels of the stack that are looked at.
    private static let levels = 12
    /// Nodes that are looked at, with those that are met again: levels within each other multiply.
    private static let visits = 256

    /// The state that stands for those that allow the same texts of up to `length` bytes, as far as that is easily seen; under the lock.
    func near(_ state: Int32, length: Int) -> Int32 {
        guard state > StatePool.overLimit, program.largestCount > length else { return state }
        let key = UInt64(UInt32(bitPattern: state)) << 32 | UInt64(length)
        if let known = nearStates[key] { return known }
        var visits = 0
        let node = nearNode(stateNode(state), length, level: 0, &visits)
        let near = node == stateNode(state) ? state : self.state(node: node)
        nearStates[key] = near
        return near
    }

    /// The same stacks with counts that are far from their ends moved; a few levels deep.
    private func nearNode(_ node: Int32, _ length: Int, level: Int, _ visits: inout Int) -> Int32 {
        visits += 1
        guard level < Self.levels, visits < Self.visits, nodes.items(of: node).count <= 32 else { return node }
        var items: [Item] = [], isChanged = false
        for item in nodes.items(of: node) {
            var item = item
            if item.expression >= 0 {
                let tail = nearNode(item.tail, length, level: level + 1, &visits), count = nearCount(item, length)
                if tail != item.tail || count != item.count { (item.tail, item.count, isChanged) = (tail, count, true) }
            }
            items.append(item)
        }
        return isChanged ? nodes.node(Set(items).sorted()) : node
    }

    private func nearCount(_ item: Item, _ length: Int) -> Int32 {
        guard case .repetition(_, let min, let max) = program.operations[Int(item.expression)] else { return item.count }
        // Each time takes a byte at least, or changes nothing.
        if item.count >= min { return max.map { Int($0 - item.count) > length ? min : item.count } ?? min }
        return Int(min - item.count) > length ? min - Int32(length) - 1 : item.count
    }
}
