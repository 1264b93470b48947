import RGEdge
import System

/// The answers of a request, while they are made.
final class Job: Sendable {
    let request: AnswerRequest
    let sink: any AnswerSink
    /// Bytes that it takes while it waits.
    let byteCount: Int
    /// Since it came.
    let age = Stopwatch()

    private struct State {
        var totals = Totals()
        /// Answers that are still to be made.
        var missing: Int
        var isOver = false
        /// True once a thread has taken one of the answers, and once the first token was there.
        var isStarted = false, hasBegun = false
        /// Where each prompt ends, for the answers after its first, and how many of these are still to come.
        var promptEnds: [Int: (snapshot: Snapshot, users: Int)] = [:]
    }

    private let state: Guarded<State>

    init(_ request: AnswerRequest, sink: any AnswerSink) {
        self.request = request
        self.sink = sink
        byteCount = request.byteCount
        state = Guarded(State(missing: request.prompts.count * request.count))
    }

    /// True if nothing more is to be made.
    var isOver: Bool { sink.isGone || state.withLock { $0.isOver } }

    /// Notes what a prompt has cost.
    func notePrompt(tokens: Int, reused: Int, seconds: Double) {
        state.withLock {
            $0.totals.promptTokens += tokens
            $0.totals.reusedTokens += reused
            $0.totals.promptSeconds += seconds
        }
    }

    /// True once a thread has taken one of the answers.
    var hasBegun: Bool { state.withLock { $0.isStarted } }

    /// Notes that a thread has taken one of the answers.
    func noteStart() { state.withLock { $0.isStarted = true } }

    /// Notes the first token of all; true for the first call.
    func noteBegin() -> Bool {
        state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
    }

    /// Keeps where a prompt ends.
    func keepEnd(_ snapshot: Snapshot?, ofPrompt index: Int) {
        state.withLock { $0.promptEnds[index] = snapshot.map { ($0, request.count - 1) } }
    }

    /// Where a prompt ends, if that is kept: each of the answers after the first asks once.
    func takeEnd(ofPrompt index: Int) -> Snapshot? {
        state.withLock { state in
            guard let end = state.promptEnds[index] else { return nil }
            state.promptEnds[index] = end.users > 1 ? (end.snapshot, end.users - 1) : nil
            return end.snapshot
        }
    }

    /// Notes that the text of an answer is whole.
    func finish(choice: Int, _ finish: Finish, tokens: Int, seconds: Double) {
        sink.finish(choice: choice, finish)
        state.withLock {
            $0.totals.generatedTokens += tokens
            $0.totals.answerSeconds = max($0.totals.answerSeconds, seconds)
        }
    }

    /// Notes that the client may go on from an answer that is whole. If it was the last, the request has been answered.
    func complete() {
        let totals: Totals? = state.withLock { state in
            state.missing -= 1
            guard state.missing == 0 else { return nil }
            state.isOver = true
            state.promptEnds = [:]
            return state.totals
        }
        if let totals { sink.complete(totals) }
    }

    /// Ends it: the answers that are still made stop before their next pass.
    func fail(_ error: APIError) {
        state.withLock {
            $0.isOver = true
            $0.promptEnds = [:]
        }
        sink.fail(error)
    }
}
