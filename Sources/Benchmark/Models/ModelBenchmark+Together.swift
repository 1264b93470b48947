import RGEdge
import System

extension ModelBenchmark {
    /// Has several sessions generate so many tokens each, one in each pass, after `depth` others; `repetitions` times. `progress` is
    /// told what goes on.
    public func measure(
        sessions count: Int, tokens: Int, depth: Int, repetitions: Int, on machine: Machine, progress: (String) -> Void
    ) throws(ModelError) -> TogetherResult {
        session.reset()
        try bring(to: depth, progress)
        let start = try session.snapshot()
        var sessions: [Session] = []
        while sessions.count < count { sessions.append(try model.makeSession()) }

        func repetition(_ name: String, tokens: Int) throws(ModelError) -> Double {
            for session in sessions { try session.restore(start) }
            progress(name)
            let passes = (0..<tokens).map { _ in random(count).map { [$0] } }
            return try Stopwatch.seconds { () throws(ModelError) in
                for pass in passes { try model.feed(pass, to: sessions) }
            }
        }
        _ = try repetition("warming up", tokens: 1)
        progress("limit before")
        let (seconds, limit) = try machine.bounded(by: { limitedTokensPerSecond(sessions: count, on: machine) }) {
            () throws(ModelError) in
            var seconds = Samples(try repetition("1 of \(repetitions)", tokens: tokens))
            while seconds.values.count < repetitions {
                seconds.append(try repetition("\(seconds.values.count + 1) of \(repetitions)", tokens: tokens))
            }
            progress("limit after")
            return seconds
        }
        return TogetherResult(sessions: count, tokens: tokens, depth: depth, seconds: seconds, limit: limit)
    }

    /// What the machine allows: each pass reads all weights and multiplies them with a token of each session.
    private func limitedTokensPerSecond(sessions: Int, on machine: Machine) -> Double {
        let reading = Double(model.weights.bytesPerToken) / machine.limit(.bytes, model.file.mainType)
        let computing = Double(sessions * work.operations(prompt: 1)) / machine.limit(.operations, model.file.mainType)
        return Double(sessions) / max(reading, computing)
    }
}

/// What sessions that generate together gave.
public struct TogetherResult: Sendable {
    let sessions: Int
    /// Tokens of each session that are timed, and those before them.
    let tokens: Int
    let depth: Int
    /// Of each repetition.
    let seconds: Samples
    /// Tokens per second of all sessions that reading and computing allow.
    let limit: Limit

    /// Of all sessions.
    var tokensPerSecond: Samples { seconds.map { Double(sessions * tokens) / $0 } }
}
