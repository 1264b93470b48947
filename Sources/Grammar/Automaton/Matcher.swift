/// A place in a text that follows a grammar. A small value: copies go on independently, and it can be kept to go back to.
public struct Matcher: Sendable {
    /// What the text follows.
    public let grammar: Grammar
    private(set) var pool: StatePool
    private(set) var state: Int32

    init(grammar: Grammar, pool: StatePool, state: Int32) {
        self.grammar = grammar
        self.pool = pool
        self.state = state
    }

    /// True where the text may end.
    public var isComplete: Bool { pool.lock.withLock { pool.accepts(state) } }

    /// True where the text may end, and nothing else may come.
    public var mustEnd: Bool { pool.lock.withLock { pool.accepts(state) && !pool.canGoOn(state) } }

    /// True once a byte came that the grammar doesn't allow: nothing makes it right again.
    public var isDead: Bool { state <= StatePool.overLimit }

    /// True if it is dead because the text went beyond a limit (`Limits`), as of nesting, although the grammar allows it.
    public var isOverLimit: Bool { state == StatePool.overLimit }

    /// Takes the next byte of the text. False if it is not allowed; the matcher is dead from then on.
    @discardableResult
    public mutating func advance(_ byte: UInt8) -> Bool { advance(CollectionOfOne(byte)) }

    /// Takes the next bytes. False if one of them is not allowed.
    @discardableResult
    public mutating func advance(_ bytes: some Sequence<UInt8>) -> Bool {
        var rest = bytes.makeIterator()
        while true {
            let isAtEnd = pool.lock.withLock {
                while !pool.isFull {
                    guard !isDead, let byte = rest.next() else { return true }
                    state = pool.next(state, byte: byte)
                }
                return isDead
            }
            if isAtEnd { return !isDead }
            move()
        }
    }

    /// The bytes that must come next, `limit` of them at most. Empty where there is a choice, of bytes or of ending here.
    public func forced(limit: Int = 4096) -> [UInt8] { pool.lock.withLock { pool.forced(from: state, limit: limit) } }

    /// Goes on in a pool with room.
    private mutating func move() {
        let full = pool
        let next = grammar.pool(after: full)
        guard next !== full else { return }
        // Both locks, the older pool's first: pools follow each other in one order, so nobody waits in a circle.
        state = full.lock.withLock { next.lock.withLock { next.take(state, from: full) } }
        pool = next
    }
}
