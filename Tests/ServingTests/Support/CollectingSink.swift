import Glibc
import RGEdge
import System

@testable import Serving

/// Keeps the answers to a request, and may go at any time.
final class CollectingSink: AnswerSink {
    struct State {
        var texts: [Int: String] = [:]
        var finishes: [Int: Finish] = [:]
        var totals: Totals?
        var error: APIError?
        var isGone = false
        var goesAfter = Int.max
        var parts = 0
        var progress: [Int] = []
    }

    let state = Guarded(State())
    private let changed = Monitor()

    /// Goes after so many parts of answers, or tokens of a prompt.
    init(goesAfter parts: Int = .max) { state.withLock { $0.goesAfter = parts } }

    var isGone: Bool { state.withLock { $0.isGone } }

    func progress(done: Int, total: Int) { state.withLock { $0.progress.append(done) } }
    func begin(choice: Int) { state.withLock { $0.texts[choice] = "" } }

    func append(_ piece: AnswerPiece, choice: Int) {
        state.withLock {
            $0.texts[choice, default: ""] += piece.text
            $0.parts += 1
            if $0.parts >= $0.goesAfter { $0.isGone = true }
        }
        changed.withLock { changed.wakeAll() }
    }

    func finish(choice: Int, _ finish: Finish) { state.withLock { $0.finishes[choice] = finish } }

    func complete(_ totals: Totals) {
        state.withLock { $0.totals = totals }
        changed.withLock { changed.wakeAll() }
    }

    func fail(_ error: APIError) {
        state.withLock { $0.error = error }
        changed.withLock { changed.wakeAll() }
    }

    func leave() { state.withLock { $0.isGone = true } }

    /// Waits for the end, a minute at most.
    @discardableResult func wait() -> State {
        let watch = Stopwatch()
        while true {
            let now = state.withLock { $0 }
            if now.totals != nil || now.error != nil || now.isGone || watch.seconds > 60 { return now }
            changed.withLock { changed.wait(seconds: 0.05) }
        }
    }
}
