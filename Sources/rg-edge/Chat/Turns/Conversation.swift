import RGEdge
import Text

/// The branches of a conversation, and the ways back from where each of them is.
struct Conversation {
    /// What the user said last, and how the answer was made.
    struct Answer {
        let line: String
        let options: GenerationOptions
        let finish: Finish
    }

    /// Says a text to a session and lets it answer. Returns why the answer ended; nil if it was stopped before the text was read.
    typealias Turn = (_ session: Session, _ text: String) throws(ModelError) -> Finish?

    /// A way back, and what it takes back.
    private struct Step {
        let moment: Snapshot
        /// What the conversation had been told.
        let told: String?
        /// What the turn after it began with, if it was one.
        var instructions: String?
        /// In a clause.
        let what: String
        /// If it was a turn.
        var answer: Answer?
    }

    private struct Branch {
        var session: Session
        /// The instructions that were last said.
        var told: String?
        /// Oldest first.
        var steps: [Step] = []
    }

    private var branches: [Branch]
    private var current = 0
    /// Steps that can be taken back.
    private let undoLimit: Int

    /// A conversation in which the instructions `told` have been said.
    init(_ session: Session, told: String?, undoLimit: Int) {
        branches = [Branch(session: session, told: told)]
        self.undoLimit = undoLimit
    }

    var session: Session { branches[current].session }
    /// The current branch, from 1 on.
    var branch: Int { current + 1 }
    var branchCount: Int { branches.count }

    /// The instructions that were last said in the branch.
    var told: String? {
        get { branches[current].told }
        set { branches[current].told = newValue }
    }

    /// True if there are ways back at all.
    var canUndo: Bool { undoLimit > 0 }

    /// The last turn; nil if something else came after it, or if there is no way back to before it.
    var lastAnswer: Answer? { branches[current].steps.last?.answer }

    // MARK: - Turns

    /// Takes a turn, which begins with `instructions` and can be taken back later; after it, those of `system` have been said. Returns
    /// false if nothing was said. If it throws, or nothing was said, the conversation and the ways back from it are as they were
    /// before.
    mutating func say(
        _ line: String, after instructions: String?, of system: String?, _ options: GenerationOptions, _ turn: Turn
    ) throws(ModelError) -> Bool {
        let step = Step(
            moment: try session.snapshot(), told: told, instructions: instructions, what: "\"\(line.beginning)\" and its answer")
        guard let finish = try take(turn, line, instructions, orBackTo: step.moment) else { return false }
        keep(step, Answer(line: line, options: options, finish: finish))
        told = system
        return true
    }

    /// Takes the last turn back and takes it again, with other options. As ``say(_:_:_:)``; there must be a ``lastAnswer``.
    mutating func retry(_ options: GenerationOptions, _ turn: Turn) throws(ModelError) -> Bool {
        guard let step = branches[current].steps.last, let answer = step.answer else { return false }
        let former = try session.snapshot()
        try session.restore(step.moment)
        guard let finish = try take(turn, answer.line, step.instructions, orBackTo: former) else {
            try session.restore(former)
            return false
        }
        branches[current].steps.removeLast()
        keep(step, Answer(line: answer.line, options: options, finish: finish))
        return true
    }

    private func take(
        _ turn: Turn, _ line: String, _ instructions: String?, orBackTo moment: Snapshot
    ) throws(ModelError) -> Finish? {
        do throws(ModelError) {
            return try turn(session, instructions.map { Turns.folded([$0], into: line) } ?? line)
        } catch {
            try session.restore(moment)
            throw error
        }
    }

    private mutating func keep(_ step: Step, _ answer: Answer? = nil) {
        var step = step
        step.answer = answer
        branches[current].steps.append(step)
        if branches[current].steps.count > undoLimit { branches[current].steps.removeFirst() }
    }

    // MARK: - Ways back

    /// Keeps a snapshot, so that what comes next can be taken back.
    mutating func prepare(_ what: String) throws(ModelError) {
        if canUndo { keep(Step(moment: try session.snapshot(), told: told, what: what)) }
    }

    /// Takes back the last step; returns what that was, or nil if there is none.
    mutating func undo() throws(ModelError) -> String? {
        guard let step = branches[current].steps.popLast() else { return nil }
        try session.restore(step.moment)
        told = step.told
        return step.what
    }

    // MARK: - Branches

    /// Goes on with another session in place of the current branch's.
    mutating func replace(with session: Session) { branches[current].session = session }

    /// Makes a branch that begins here, and goes on in it.
    mutating func fork() throws(ModelError) {
        branches.append(Branch(session: try session.fork(), told: told))
        current = branches.count - 1
    }

    /// Goes on in another branch; false if none has this number.
    mutating func go(toBranch number: Int) -> Bool {
        guard branches.indices.contains(number - 1) else { return false }
        current = number - 1
        return true
    }
}
