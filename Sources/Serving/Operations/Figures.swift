import System

/// What the server has done so far, for `/metrics`.
final class Figures: Sendable {
    /// All counts.
    struct Counts: Sendable {
        var requests = 0, failed = 0, cancelled = 0, finished = 0
        var promptTokens = 0, reusedTokens = 0, generatedTokens = 0
        var promptSeconds = 0.0, answerSeconds = 0.0, requestSeconds = 0.0
        var firstToken = Histogram(bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100])
        var gaps = Histogram(bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5])
        /// Answers by their status.
        var statuses: [Int: Int] = [:]
    }

    private let state = Guarded(Counts())

    /// All counts, of one moment.
    var counts: Counts { state.withLock { $0 } }

    /// Seconds that a request took in the mean, or a guess before the first.
    var meanSeconds: Double { state.withLock { $0.finished > 0 ? $0.requestSeconds / Double($0.finished) : 5 } }

    func noteRequest() { state.withLock { $0.requests += 1 } }
    func noteFailure() { state.withLock { $0.failed += 1 } }
    func noteCancelled() { state.withLock { $0.cancelled += 1 } }
    func noteStatus(_ status: Int) { state.withLock { $0.statuses[status, default: 0] += 1 } }
    func noteFirstToken(seconds: Double) { state.withLock { $0.firstToken.note(seconds) } }
    func noteGap(seconds: Double) { state.withLock { $0.gaps.note(seconds) } }

    func notePrompt(tokens: Int, reused: Int, seconds: Double) {
        state.withLock {
            $0.promptTokens += tokens
            $0.reusedTokens += reused
            $0.promptSeconds += seconds
        }
    }

    func noteAnswer(tokens: Int, seconds: Double) {
        state.withLock {
            $0.generatedTokens += tokens
            $0.answerSeconds += seconds
        }
    }

    func noteRequestEnd(seconds: Double) {
        state.withLock {
            $0.finished += 1
            $0.requestSeconds += seconds
        }
    }
}

/// Counts of seconds, as Prometheus has them: how many were at most each bound.
struct Histogram: Sendable {
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0
    private(set) var count = 0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count)
    }

    mutating func note(_ value: Double) {
        sum += value
        count += 1
        for index in bounds.indices where value <= bounds[index] { counts[index] += 1 }
    }
}
