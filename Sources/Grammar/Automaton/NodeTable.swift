/// What is left to match: an expression, and what follows it.
struct Item: Hashable, Comparable {
    /// ``Item/end`` for the end of the text.
    var expression: ExpressionID
    /// For a repetition: how often it was matched before.
    var count: Int32
    /// The node of what follows.
    var tail: Int32

    static let end = Item(expression: -1, count: 0, tail: 0)

    static func < (left: Item, right: Item) -> Bool {
        (left.expression, left.count, left.tail) < (right.expression, right.count, right.tail)
    }
}

/// Sets of items, each once: the nodes of a graph whose paths are the stacks. An item's tail is older than the node that it is in.
struct NodeTable {
    static let nothing: Int32 = 0
    /// The node of the end of the text.
    static let end: Int32 = 1

    private(set) var items: [Item] = []
    private var starts: [Int32] = [0]
    private var depths: [Int32] = []
    /// Open addressing: node numbers, or -1.
    private var slots = [Int32](repeating: -1, count: 1024)

    init() {
        _ = node([])
        _ = node([.end])
    }

    var count: Int { starts.count - 1 }

    func items(of node: Int32) -> ArraySlice<Item> { items[Int(starts[Int(node)])..<Int(starts[Int(node) + 1])] }

    /// Levels of the deepest stack in a node.
    func depth(of node: Int32) -> Int { Int(depths[Int(node)]) }

    mutating func node(_ item: Item) -> Int32 { node(CollectionOfOne(item)) }

    /// The node of items in order, each once.
    mutating func node(_ new: some RandomAccessCollection<Item>) -> Int32 {
        if 2 * count >= slots.count { grow() }
        var slot = Self.hash(new) & (slots.count - 1)
        while slots[slot] >= 0 {
            if items(of: slots[slot]).elementsEqual(new) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = Int32(count)
        var depth: Int32 = 0
        for item in new {
            items.append(item)
            if item.expression >= 0 { depth = max(depth, depths[Int(item.tail)] + 1) }
        }
        starts.append(Int32(items.count))
        depths.append(depth)
        slots[slot] = number
        return number
    }

    /// Bytes that the tables hold.
    var byteCount: Int {
        items.capacity * MemoryLayout<Item>.stride + (starts.capacity + depths.capacity + slots.capacity)
            * MemoryLayout<Int32>.stride
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: 2 * slots.count)
        for number in 0..<Int32(count) {
            var slot = Self.hash(items(of: number)) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = number
        }
    }

    /// A multiplicative hash: these keys are no stranger's, and Swift's own hash is slow.
    private static func hash(_ items: some Sequence<Item>) -> Int {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for item in items {
            let word = UInt64(UInt32(bitPattern: item.expression)) << 32 | UInt64(UInt32(bitPattern: item.tail))
            hash = (hash ^ word ^ UInt64(UInt32(bitPattern: item.count)) << 20) &* 0xD6E8_FEB8_6659_FD93
            hash ^= hash >> 32
        }
        return Int(truncatingIfNeeded: hash >> 1)
    }
}
