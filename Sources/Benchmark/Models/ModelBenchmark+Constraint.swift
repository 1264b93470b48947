import RGEdge
import System

extension ModelBenchmark {
    /// Has a session answer under a constraint and, in turns with that, say as many tokens of anything, after `depth` tokens;
    /// `repetitions` times each. `progress` is told what goes on.
    public func measure(
        _ constraint: Constraint, depth: Int, repetitions: Int, progress: (String) -> Void
    ) throws(ModelError) -> ConstraintResult {
        session.reset()
        try bring(to: max(1, depth), progress)
        let start = try session.snapshot()

        func answer(_ constraint: Constraint?, tokens: Int?, seed: Int) throws(ModelError) -> GenerationResult {
            try session.restore(start)
            let options = GenerationOptions(
                sampling: Sampling(temperature: 1, seed: UInt64(seed)), maxTokens: tokens, constraint: constraint)
            return try session.generate("", options: options) { _ in true }
        }
        // The weights come into memory, and the constraint's masks are made.
        progress("warming up")
        _ = try answer(nil, tokens: 1, seed: 0)
        let first = try answer(constraint, tokens: Self.longestAnswer, seed: 0)
        var answers: [GenerationResult] = [], free: [GenerationResult] = []
        for number in 1...max(1, repetitions) {
            progress("\(number) of \(repetitions)")
            answers.append(try answer(constraint, tokens: Self.longestAnswer, seed: number))
            free.append(try answer(nil, tokens: answers[number - 1].generatedTokens, seed: number))
        }
        return ConstraintResult(depth: depth, first: first, answers: answers, free: free)
    }

    /// Tokens of an answer at most.
    private static let longestAnswer = 4096
}

/// What answers under a constraint gave, and beside each of them free text.
public struct ConstraintResult: Sendable {
    let depth: Int
    /// The first answer, which makes the masks that later ones find.
    let first: GenerationResult
    let answers: [GenerationResult]
    let free: [GenerationResult]

    private static func rate(_ result: GenerationResult) -> Double {
        Double(result.generatedTokens) / max(1e-9, result.decodeTime.seconds)
    }

    private static func samples(_ values: [Double]) -> Samples {
        var samples = Samples(values.first ?? 0)
        for value in values.dropFirst() { samples.append(value) }
        return samples
    }

    /// Tokens per second of each answer.
    var tokensPerSecond: Samples { Self.samples(answers.map(Self.rate)) }
    /// The same of free text.
    var freeTokensPerSecond: Samples { Self.samples(free.map(Self.rate)) }
    /// How many times as fast as free text an answer is, each by the one beside it.
    var ratios: Samples { Self.samples(zip(answers, free).map { Self.rate($0) / Self.rate($1) }) }
    var firstTokensPerSecond: Double { Self.rate(first) }
    /// Tokens of an answer, on average, and those of them that were without a choice.
    var tokens: Double { Double(answers.reduce(0) { $0 + $1.generatedTokens }) / Double(answers.count) }
    var forcedTokens: Double { Double(answers.reduce(0) { $0 + $1.forcedTokens }) / Double(answers.count) }
}
