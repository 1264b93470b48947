import System

/// The states of a grammar that were met so far, each once, with what each byte leads to. Used by many threads under its lock.
///
/// A pool grows with what is generated, so a full one is left: whoever is in it takes its state along to the next
/// (``Grammar/pool(after:)``), and the pool goes with the last of them.
final class StatePool: @unchecked Sendable {
    /// No text goes on from here.
    static let dead: Int32 = 0
    /// Dead, because what follows is beyond a limit.
    static let overLimit: Int32 = 1

    /// Items and transitions after which a pool is full: a megabyte.
    private static let itemLimit = 1 << 15
    private static let transitionLimit = 1 << 17

    let program: Program
    /// Differs from that of each other pool of the process.
    let serial: UInt32
    let lock = Lock()

    var nodes = NodeTable()
    private var closure: Closure
    /// The node of each state: its items, all of which wait.
    private var stateNodes: [Int32] = []
    private var states: [Int32: Int32] = [:]
    /// The states of nodes that were opened alone.
    private var opened: [Int32: Int32] = [:]
    private var accepts: [Bool] = []
    /// State × class → state, or -1 where nobody has looked yet.
    private let transitions = TransitionTable()
    /// What was found out about plain characters, by state.
    var plainSteps: [Int32: PlainStep] = [:]
    var plainReaches: [Int32: PlainReach] = [:]
    /// What stands for a state where texts of some length are asked about, by both.
    var nearStates: [UInt64: Int32] = [:]
    private(set) lazy var plainEdges: [[PlainEdge]] = PlainEdge.edges(program)
    private var itemLimit: Int
    private var transitionLimit = transitionLimit
    let classCount: Int

    private static let serials = Guarded<UInt32>(0)

    init(_ program: Program) {
        self.program = program
        serial = Self.serials.withLock {
            $0 &+= 1
            return $0
        }
        closure = Closure(program)
        classCount = program.representatives.count
        itemLimit = Self.itemLimit
        _ = state(node: NodeTable.nothing)
        stateNodes.append(NodeTable.nothing)
        accepts.append(false)
        transitions.append(repeating: Self.overLimit, count: classCount)
        for index in 0..<classCount { transitions[index] = Self.dead }
    }

    // MARK: - Under the lock

    var isFull: Bool { nodes.items.count > itemLimit || transitions.count > transitionLimit }

    var stateCount: Int { stateNodes.count }

    /// Bytes that the tables hold, roughly.
    var byteCount: Int {
        // A dictionary takes some twice its entries.
        let entries = states.capacity * 8 + opened.capacity * 8 + plainSteps.capacity * 68 + plainReaches.capacity * 20
        return nodes.byteCount + transitions.byteCount + stateNodes.capacity * 4 + 2 * (entries + nearStates.capacity * 12)
    }

    func start() -> Int32 { state(opening: [Item(expression: program.root, count: 0, tail: NodeTable.end)]) }

    func accepts(_ state: Int32) -> Bool { accepts[Int(state)] }

    /// The state after a byte.
    @inline(__always)
    func next(_ state: Int32, byte: UInt8) -> Int32 { next(state, class: Int(program.classes[Int(byte)])) }

    /// The state after a byte of a class.
    @inline(__always)
    func next(_ state: Int32, class number: Int) -> Int32 {
        let known = transitions[Int(state) * classCount + number]
        return known >= 0 ? known : find(state, class: number)
    }

    private func find(_ state: Int32, class number: Int) -> Int32 {
        let byte = program.representatives[number]
        var following: [Item] = []
        // Most bytes are waited for by one item, many of them by the same: what follows it is opened once.
        var tail = NodeTable.nothing, tails = 0
        for item in nodes.items(of: stateNodes[Int(state)]) where item.expression >= 0 {
            switch program.operations[Int(item.expression)] {
            case .bytes(let set):
                guard set.contains(byte) else { break }
                following += nodes.items(of: item.tail)
                (tail, tails) = (item.tail, tails + 1)
            case .machine(let machine, let state):
                guard let next = program.machines[Int(machine)].next(state, byte) else { break }
                following.append(Item(expression: item.expression - state + next, count: 0, tail: item.tail))
                tails += 2
            default: break
            }
        }
        let known = tails == 1 ? opened[tail] : nil
        let result = known ?? (following.isEmpty ? Self.dead : self.state(opening: following))
        if tails == 1 { opened[tail] = result }
        transitions[Int(state) * classCount + number] = result
        return result
    }

    private func state(opening items: [Item]) -> Int32 {
        if items.count == 1, let item = waiting(items[0]) { return state(node: nodes.node(item)) }
        guard let waiting = closure.run(items, in: &nodes) else { return Self.overLimit }
        let node = nodes.node(waiting)
        return nodes.depth(of: node) > Limits.depth ? Self.overLimit : state(node: node)
    }

    /// What a single item comes to, if it waits for a byte already or is a sequence that begins with one: most are, within a character.
    private func waiting(_ item: Item) -> Item? {
        guard item.expression >= 0 else { return nil }
        switch program.operations[Int(item.expression)] {
        case .bytes: return item
        case .sequence(let first, let second):
            guard case .bytes = program.operations[Int(first)] else { return nil }
            let tail = nodes.node(Item(expression: second, count: 0, tail: item.tail))
            return nodes.depth(of: tail) < Limits.depth ? Item(expression: first, count: 0, tail: tail) : nil
        default: return nil
        }
    }

    /// The node of a state.
    func stateNode(_ state: Int32) -> Int32 { stateNodes[Int(state)] }

    /// The state of a node whose items all wait.
    func state(node: Int32) -> Int32 {
        if let state = states[node] { return state }
        let state = Int32(stateNodes.count)
        stateNodes.append(node)
        states[node] = state
        accepts.append(nodes.items(of: node).first == .end)
        transitions.append(repeating: -1, count: classCount)
        return state
    }

    /// The bytes that must come next, up to `limit`; what comes after them is not certain, or is the end.
    func forced(from start: Int32, limit: Int) -> [UInt8] {
        var bytes: [UInt8] = [], state = start
        while bytes.count < limit, !accepts(state), let only = onlyClass(state) {
            bytes.append(program.representatives[only])
            state = next(state, class: only)
        }
        return bytes
    }

    /// Whether any byte can follow.
    func canGoOn(_ state: Int32) -> Bool { (0..<classCount).contains { next(state, class: $0) > Self.overLimit } }

    /// The class of the only byte that can follow; nil if there is none, or more than one byte.
    private func onlyClass(_ state: Int32) -> Int? {
        var only: Int?
        for number in 0..<classCount where next(state, class: number) > Self.overLimit {
            guard only == nil, program.classBytes[number].count == 1 else { return nil }
            only = number
        }
        return only
    }

    // MARK: - Moving

    /// Takes a state of another pool, whose lock must be held as well.
    func take(_ state: Int32, from other: StatePool) -> Int32 {
        if state <= Self.overLimit { return state }
        let top = other.stateNodes[Int(state)]
        // Tails are older than the nodes that they are in: one way down finds what is needed, one way up copies it.
        var isNeeded = [Bool](repeating: false, count: Int(top) + 1)
        isNeeded[Int(top)] = true
        for node in stride(from: top, through: 0, by: -1) where isNeeded[Int(node)] {
            for item in other.nodes.items(of: node) { isNeeded[Int(item.tail)] = true }
        }
        var copies = [Int32](repeating: 0, count: Int(top) + 1)
        let before = nodes.items.count
        for node in 0...top where isNeeded[Int(node)] {
            let items = other.nodes.items(of: node).map {
                Item(expression: $0.expression, count: $0.count, tail: copies[Int($0.tail)])
            }
            copies[Int(node)] = nodes.node(items.sorted())
        }
        // A deep stack may take much of the pool: leave room for what follows.
        itemLimit = max(itemLimit, 4 * (nodes.items.count - before))
        return self.state(node: copies[Int(top)])
    }
}
