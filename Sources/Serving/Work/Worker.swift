import RGEdge
import System
import Text

/// A thread that makes one answer at a time, and the session that it makes them with.
final class Worker: @unchecked Sendable {
    /// How far the answer under way is, for `/slots`.
    struct Progress: Sendable {
        var promptTokens = 0, processedTokens = 0, generatedTokens = 0
        var maxTokens: Int?
    }

    let number: Int
    /// Used by the thread alone.
    let session: Session
    private let state = Guarded<Progress?>(nil)

    init(_ number: Int, session: sending Session) {
        self.number = number
        self.session = session
    }

    /// The answer under way; nil if there is none.
    var progress: Progress? { state.withLock { $0 } }

    /// Notes how far the answer is.
    func note(_ change: (inout Progress) -> Void) {
        state.withLock {
            var progress = $0 ?? Progress()
            change(&progress)
            $0 = progress
        }
    }

    /// Makes answers until the queue is closed.
    func run(in engine: Engine) {
        while let task = engine.queue.next() {
            if !task.job.isOver {
                note { $0.maxTokens = task.job.request.options.maxTokens }
                Answering(task, worker: self, engine: engine).run()
                state.withLock { $0 = nil }
            }
            engine.queue.end(task)
        }
    }
}
