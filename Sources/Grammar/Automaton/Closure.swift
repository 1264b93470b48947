/// Finds what can come next: opens items until each of them waits for a byte or for the end of the text.
///
/// Items of one expression and count are opened once, with the union of what follows them; so a state has as many items as the
/// grammar has places, however many ways lead there.
struct Closure {
    private struct Slot {
        var expression: ExpressionID
        var count: Int32
        /// What follows, as it was first looked at.
        var first = NodeTable.nothing
        /// All that follows, once there is more than the first.
        var followers: Set<Item> = []
        /// What follows and is still to be looked at.
        var pending: [Int32] = []
    }

    private let program: Program
    private var slots: [Slot] = []
    private var numbers: [UInt64: Int32] = [:]
    /// A heap of (rank, slot): what other expressions begin with is opened after them, so that little is opened twice.
    private var heap: [(rank: Int32, slot: Int32)] = []
    private var steps = 0
    private var isEnd = false

    init(_ program: Program) { self.program = program }

    /// The items that wait, sorted; nil if it takes too many steps.
    mutating func run(_ start: [Item], in nodes: inout NodeTable) -> [Item]? {
        slots.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        steps = 0
        isEnd = false
        for item in start { add(item, &nodes) }
        while let slot = popHeap() {
            open(slot, &nodes)
            guard steps < Limits.closureSteps else { return nil }
        }
        var waiting: [Item] = isEnd ? [.end] : []
        for slot in slots {
            switch program.operations[Int(slot.expression)] {
            case .bytes, .machine:
                let tail = slot.followers.isEmpty ? slot.first : nodes.node(slot.followers.sorted())
                waiting.append(Item(expression: slot.expression, count: 0, tail: tail))
            default: break
            }
        }
        return waiting.sorted()
    }

    private mutating func add(_ item: Item, _ nodes: inout NodeTable) {
        steps += 1
        guard item.expression >= 0 else {
            isEnd = true
            return
        }
        let index = number(item.expression, item.count)
        if slots[index].pending.isEmpty { pushHeap((program.ranks[Int(item.expression)], Int32(index))) }
        slots[index].pending.append(item.tail)
    }

    private mutating func number(_ expression: ExpressionID, _ count: Int32) -> Int {
        // Most states are small: looking through them is faster than hashing.
        if slots.count <= 16 {
            if let index = slots.firstIndex(where: { $0.expression == expression && $0.count == count }) { return index }
            slots.append(Slot(expression: expression, count: count))
            if slots.count == 17 { for index in slots.indices { numbers[key(slots[index])] = Int32(index) } }
            return slots.count - 1
        }
        let slot = Slot(expression: expression, count: count)
        if let index = numbers[key(slot)] { return Int(index) }
        numbers[key(slot)] = Int32(slots.count)
        slots.append(slot)
        return slots.count - 1
    }

    private func key(_ slot: Slot) -> UInt64 {
        UInt64(UInt32(bitPattern: slot.expression)) << 32 | UInt64(UInt32(bitPattern: slot.count))
    }

    /// Opens what a slot has pending.
    private mutating func open(_ index: Int, _ nodes: inout NodeTable) {
        let tail = news(index, &nodes)
        guard tail != NodeTable.nothing else { return }
        switch program.operations[Int(slots[index].expression)] {
        case .fail, .bytes: break
        case .pass: pass(tail, &nodes)
        case .machine(let machine, let state):
            if program.machines[Int(machine)].accepts[Int(state)] { pass(tail, &nodes) }
        case .sequence(let first, let second):
            add(Item(expression: first, count: 0, tail: nodes.node(Item(expression: second, count: 0, tail: tail))), &nodes)
        case .choice(let parts):
            for part in parts { add(Item(expression: part, count: 0, tail: tail), &nodes) }
        case .rule(let body): add(Item(expression: body, count: 0, tail: tail), &nodes)
        case .repetition(let part, let min, let max): repeatPart(part, min, max, index, tail, &nodes)
        }
    }

    /// What is pending and wasn't looked at before.
    private mutating func news(_ index: Int, _ nodes: inout NodeTable) -> Int32 {
        let pending = slots[index].pending, first = slots[index].first
        slots[index].pending = []
        if first == NodeTable.nothing, pending.count == 1 {
            slots[index].first = pending[0]
            return pending[0]
        }
        if slots[index].followers.isEmpty { slots[index].followers = Set(nodes.items(of: first)) }
        var fresh: [Item] = []
        for node in pending where node != first {
            steps += nodes.items(of: node).count
            for item in nodes.items(of: node) where slots[index].followers.insert(item).inserted { fresh.append(item) }
        }
        guard !fresh.isEmpty else { return NodeTable.nothing }
        let node = nodes.node(fresh.sorted())
        if first == NodeTable.nothing { slots[index].first = node }
        return node
    }

    private mutating func repeatPart(
        _ part: ExpressionID, _ min: Int32, _ max: Int32?, _ index: Int, _ tail: Int32, _ nodes: inout NodeTable
    ) {
        let expression = slots[index].expression, count = slots[index].count
        let isNullable = program.isNullable[Int(part)]
        // An empty match of the part brings nothing that a smaller count hasn't brought.
        if isNullable, slots.contains(where: { $0.expression == expression && $0.count < count && $0.first == tail }) {
            return
        }
        if count >= min || isNullable { pass(tail, &nodes) }
        // Without an end, counts beyond the smallest are one.
        let next = max == nil ? Swift.min(count + 1, min) : count + 1
        let isLast = next == max
        let rest = isLast ? tail : nodes.node(Item(expression: expression, count: next, tail: tail))
        add(Item(expression: part, count: 0, tail: rest), &nodes)
    }

    /// Goes on with what follows.
    private mutating func pass(_ tail: Int32, _ nodes: inout NodeTable) {
        for item in nodes.items(of: tail) { add(item, &nodes) }
    }

    // MARK: - Heap

    private mutating func pushHeap(_ entry: (rank: Int32, slot: Int32)) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2].rank < heap[child].rank {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func popHeap() -> Int? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return Int(top.slot) }
        heap[0] = last
        var parent = 0
        while 2 * parent + 1 < heap.count {
            var child = 2 * parent + 1
            if child + 1 < heap.count, heap[child + 1].rank > heap[child].rank { child += 1 }
            guard heap[child].rank > heap[parent].rank else { break }
            heap.swapAt(parent, child)
            parent = child
        }
        return Int(top.slot)
    }
}
