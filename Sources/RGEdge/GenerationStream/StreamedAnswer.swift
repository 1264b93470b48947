import Glibc
import System

/// An answer that a thread of its own makes with a session, a piece at a time, for somebody who asks for one after the other: the
/// thread's half of ``GenerationStream``.
///
/// The thread goes no further than what was asked for, and the pass after it: before each token it waits until there is a request.
/// So a reader who is slow holds it up by what its own work takes longer than a pass, a reader who goes leaves a session that has
/// consumed what that reader has seen, and nothing piles up between the two.
final class StreamedAnswer: Sendable {
    /// Told once, in any thread, that there is something to ``take()``.
    typealias Receiver = @Sendable () -> Void
    /// Makes the answer: ``Session/generatePieces(_:options:isCancelled:onProgress:onPiece:)``, with its prompt and options.
    typealias Generate =
        @Sendable (_ session: Session, _ isCancelled: () -> Bool, _ onPiece: (AnswerPiece) -> Bool) throws(ModelError)
        -> GenerationResult

    /// Changed under the lock.
    private struct State {
        /// Who waits for the next piece.
        var receiver: Receiver?
        /// A piece for who waited.
        var piece: AnswerPiece?
        /// The thread, once it runs.
        var thread: pthread_t?
        /// True while the thread waits for a receiver.
        var isPaused = false
        /// Readers of the session, which the thread leaves as it is until they are done.
        var readers = 0
        /// True once nobody wants more.
        var isGivenUp = false
        /// True when the session is not used any more.
        var isOver = false
        var outcome: Result<GenerationResult, ModelError>?
    }

    private let monitor = Monitor()
    private nonisolated(unsafe) var state = State()

    /// True in the thread that makes the answer.
    var isOwnThread: Bool { monitor.withLock { state.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }
    /// True once nobody wants more of it.
    var isGivenUp: Bool { monitor.withLock { state.isGivenUp } }
    /// True when the session is not used any more.
    var isOver: Bool { monitor.withLock { state.isOver } }
    /// What came of it, once it is over; nil if it was given up before it began.
    var outcome: Result<GenerationResult, ModelError>? { monitor.withLock { state.outcome } }

    /// Starts the thread, which calls `generate` and is then done with `session`. Nobody else uses that until ``isOver``. Throws if
    /// the system has no thread left.
    func start(with session: Session, _ generate: @escaping Generate) throws(ModelError) {
        nonisolated(unsafe) let session = session
        let thread = Thread("rg-stream", blocksSignals: true) { [self] in
            monitor.withLock { state.thread = pthread_self() }
            let outcome = Result { () throws(ModelError) in try generate(session, isUnwanted, deliver) }
            end(outcome)
        }
        guard let thread else { throw ModelError(.memory, "the system has no thread left for a stream; end others before") }
        thread.detach()
    }

    /// Asks for the next piece: `receiver` is called once it is there, or the answer is over. One at a time may ask.
    func ask(_ receiver: @escaping Receiver) {
        let isOver = monitor.withLock {
            if !state.isOver { state.receiver = receiver }
            monitor.wakeAll()
            return state.isOver
        }
        if isOver { receiver() }
    }

    /// The piece that was asked for; nil if the answer is over.
    func take() -> AnswerPiece? {
        monitor.withLock {
            defer { state.piece = nil }
            return state.piece
        }
    }

    /// Ends the answer before the next token. Changes nothing once it is over.
    func giveUp() {
        monitor.withLock {
            state.isGivenUp = true
            monitor.wakeAll()
        }
    }

    /// Takes note that it ended without a thread.
    func endUnbegun() { monitor.withLock { state.isOver = true } }

    /// Runs `body` while the thread waits or is done with the session. Until it waits takes a pass, unless somebody asks for a piece.
    func whilePaused<Value>(_ body: () -> Value) -> Value {
        monitor.withLock {
            while !state.isPaused, !state.isOver { monitor.wait() }
            state.readers += 1
        }
        defer {
            monitor.withLock {
                state.readers -= 1
                monitor.wakeAll()
            }
        }
        return body()
    }

    /// Waits until the thread is done with the session.
    func waitForEnd() { monitor.withLock { while !state.isOver { monitor.wait() } } }

    /// In the thread: waits until a piece is asked for; true if none ever will.
    private func isUnwanted() -> Bool {
        monitor.withLock {
            waitForRequest()
            return state.isGivenUp
        }
    }

    /// In the thread: hands a piece to who asked for it; false if there is nobody.
    private func deliver(_ piece: AnswerPiece) -> Bool {
        let receiver: Receiver? = monitor.withLock {
            waitForRequest()
            if state.receiver != nil { state.piece = piece }
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?()
        return receiver != nil
    }

    private func waitForRequest() {
        guard state.receiver == nil, !state.isGivenUp else { return }
        state.isPaused = true
        monitor.wakeAll()
        while state.readers > 0 || (state.receiver == nil && !state.isGivenUp) { monitor.wait() }
        state.isPaused = false
    }

    private func end(_ outcome: Result<GenerationResult, ModelError>) {
        let receiver: Receiver? = monitor.withLock {
            state.outcome = outcome
            state.isOver = true
            monitor.wakeAll()
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?()
    }
}
