/// The tokens of an answer of which nothing has been shown yet, because their text may become a stop text or they have none, and
/// the way back to before them.
///
/// Allocates one snapshot per generation. Until a token is held, it can be the way back to before the prompt.
struct HeldTokens {
    /// The snapshot before the first of ``tokens``.
    private let snapshot: Snapshot
    /// Consumed since the snapshot. The first of them may have been shown since.
    private var tokens: [UInt32] = []
    /// Where the text of each begins, in bytes from the start of the answer.
    private var starts: [Int] = []

    /// Where the text of the last token begins that was consumed and is no longer held; nil before the first.
    private(set) var lastStart: Int?

    /// When this many tokens since the snapshot have been shown, it moves on, so that a text that always seems about to stop
    /// doesn't need more and more memory.
    private static let shownLimit = 64

    /// The most tokens since the snapshot: one per byte of the longest stop text, and some that add no text. After more of those
    /// there is no way back to before them.
    private let limit: Int

    /// `longestStop` is the number of bytes of the longest stop text, or 0.
    init(of session: Session, longestStop: Int) throws(ModelError) {
        snapshot = try Snapshot(of: session.model)
        limit = longestStop + 1024
        tokens.reserveCapacity(2 * Self.shownLimit)
        starts.reserveCapacity(2 * Self.shownLimit)
    }

    /// True if none is held, also right after ``hold(_:start:shown:in:)``, if there were too many.
    var isEmpty: Bool { tokens.isEmpty }

    /// Keeps where the session is before its prompt, until the first token is held.
    func keepStart(of session: Session) { session.update(snapshot) }

    /// What the session remembered where ``keepStart(of:)`` was called.
    var start: SessionMemory { snapshot.memory }

    /// Takes the session back to where ``keepStart(of:)`` was called.
    func goBackToStart(in session: Session) { session.restore(own: snapshot) }

    /// All has been shown, up to and with some of the next token, whose text begins at byte `start` of the answer.
    mutating func removeAll(before start: Int) {
        removeAll()
        lastStart = start
    }

    private mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
    }

    /// Consumes a token whose text is held back. It begins at byte `start` of the answer, of which `shown` bytes have been shown.
    mutating func hold(_ token: UInt32, start: Int, shown: Int, in session: Session) throws(ModelError) {
        if tokens.isEmpty { session.update(snapshot) }
        tokens.append(token)
        starts.append(start)
        try session.consume(token)
        let seen = count(shown: shown)
        if seen >= Self.shownLimit { try moveOn(by: seen, in: session) }
        if tokens.count > limit { removeAll(before: start) }
    }

    /// Takes the session back to after the last token of which something has been shown. That token must have been consumed.
    mutating func takeBack(shown: Int, in session: Session) throws(ModelError) {
        let seen = count(shown: shown)
        if seen > 0 { lastStart = starts[seen - 1] }
        guard seen < tokens.count else { return }
        session.restore(own: snapshot)
        try consume(0..<seen, in: session)
        removeAll()
    }

    /// How many of the tokens have been shown, wholly or in part.
    private func count(shown: Int) -> Int { starts.prefix { $0 < shown }.count }

    /// Moves the snapshot on to after the first `seen` tokens.
    private mutating func moveOn(by seen: Int, in session: Session) throws(ModelError) {
        session.restore(own: snapshot)
        try consume(0..<seen, in: session)
        session.update(snapshot)
        lastStart = starts[seen - 1]
        try consume(seen..<tokens.count, in: session)
        tokens.removeFirst(seen)
        starts.removeFirst(seen)
    }

    /// Consumes some of the held tokens again.
    private func consume(_ range: Range<Int>, in session: Session) throws(ModelError) {
        try tokens.withUnsafeBufferPointer { tokens throws(ModelError) in
            try session.consume(UnsafeBufferPointer(rebasing: tokens[range]))
        }
    }
}
