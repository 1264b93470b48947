import RGEdge

/// The branches of a conversation, and the ways back from where each of them is.
struct Conversation {
    /// A way back, and what it takes back, in a clause.
    private struct Step {
        let moment: Snapshot
        let what: String
    }

    private struct Branch {
        var session: Session
        /// Oldest first.
        var steps: [Step] = []
    }

    private var branches: [Branch]
    private var current = 0
    /// Steps that can be taken back.
    private let undoLimit: Int

    init(_ session: Session, undoLimit: Int) {
        branches = [Branch(session: session)]
        self.undoLimit = undoLimit
    }

    var session: Session { branches[current].session }
    /// The current branch, from 1 on.
    var branch: Int { current + 1 }
    var branchCount: Int { branches.count }

    /// True if there are ways back at all.
    var canUndo: Bool { undoLimit > 0 }

    /// Keeps a snapshot, so that what comes next can be taken back.
    mutating func prepare(_ what: String) throws(ModelError) {
        if canUndo { keep(Step(moment: try session.snapshot(), what: what)) }
    }

    /// Runs `turn`, so that it can be taken back later. If it throws, the conversation and the ways back from it are as they were
    /// before; if it returns false, it says that nothing has changed. Returns what `turn` returns.
    mutating func attempt(_ what: String, _ turn: (Session) throws(ModelError) -> Bool) throws(ModelError) -> Bool {
        let step = Step(moment: try session.snapshot(), what: what)
        do throws(ModelError) {
            guard try turn(session) else { return false }
        } catch {
            try session.restore(step.moment)
            throw error
        }
        keep(step)
        return true
    }

    private mutating func keep(_ step: Step) {
        branches[current].steps.append(step)
        if branches[current].steps.count > undoLimit { branches[current].steps.removeFirst() }
    }

    /// Takes back the last step; returns what that was, or nil if there is none.
    mutating func undo() throws(ModelError) -> String? {
        guard let step = branches[current].steps.popLast() else { return nil }
        try session.restore(step.moment)
        return step.what
    }

    /// Goes on with another session in place of the current branch's.
    mutating func replace(with session: Session) { branches[current].session = session }

    /// Makes a branch that begins here, and goes on in it.
    mutating func fork() throws(ModelError) {
        branches.append(Branch(session: try session.fork()))
        current = branches.count - 1
    }

    /// Goes on in another branch; false if none has this number.
    mutating func go(toBranch number: Int) -> Bool {
        guard branches.indices.contains(number - 1) else { return false }
        current = number - 1
        return true
    }
}
