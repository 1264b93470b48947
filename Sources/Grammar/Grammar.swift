import System

/// What a text may look like. Made once, used by many sessions and threads: each has its own ``Matcher``.
public final class Grammar: Sendable {
    let program: Program
    /// The pool that new states go to.
    private let latest: Guarded<StatePool>

    init(_ builder: ExpressionBuilder, root: ExpressionID) throws(GrammarError) {
        program = try Program(builder, root: root)
        let first = StatePool(program)
        guard first.start() > StatePool.overLimit else { throw Program.tooLarge }
        latest = Guarded(first)
    }

    /// Before the first byte.
    public func matcher() -> Matcher {
        let pool = latest.withLock { $0 }
        return pool.lock.withLock { Matcher(grammar: self, pool: pool, state: pool.start()) }
    }

    /// The pool to go on in when one is full.
    func pool(after full: StatePool) -> StatePool {
        latest.withLock { latest in
            if latest === full { latest = StatePool(program) }
            return latest
        }
    }

    /// Bytes that the states which new matchers share hold, roughly.
    public var stateByteCount: Int {
        let pool = latest.withLock { $0 }
        return pool.lock.withLock { pool.byteCount }
    }
}
