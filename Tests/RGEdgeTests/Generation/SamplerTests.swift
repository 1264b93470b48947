import Foundation
import Testing

@testable import RGEdge

@Suite("Sampler")
struct SamplerTests {
    /// Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625 at scattered places.
    private let logits: [Float] = [0.125, 0.5, 0.0625, 0.25, 0.0625].map { log($0) + 3 }

    private func draw(_ sampling: Sampling, _ logits: [Float]? = nil, recent: [UInt32] = [], position: Int64 = 0) -> UInt32? {
        let logits = logits ?? self.logits
        var tokens = RecentTokens()
        for token in recent { tokens.append(token) }
        return logits.withUnsafeBufferPointer {
            Sampler(vocabularySize: logits.count)!.next($0.baseAddress!, recent: tokens, position: position, sampling)
        }
    }

    /// How often each token is drawn at many positions.
    private func frequencies(_ sampling: Sampling, draws: Int64 = 20_000) -> [Double] {
        var counts = [Double](repeating: 0, count: logits.count)
        let sampler = Sampler(vocabularySize: logits.count)!
        for position in 0..<draws {
            let token = logits.withUnsafeBufferPointer {
                sampler.next($0.baseAddress!, recent: RecentTokens(), position: position, sampling)
            }
            if let token { counts[Int(token)] += 1 / Double(draws) }
        }
        return counts
    }

    private func expect(_ frequencies: [Double], near expected: [Double], _ what: Comment) {
        // Five deviations of 20,000 draws.
        for (frequency, expected) in zip(frequencies, expected) {
            #expect(abs(frequency - expected) <= 5 * (expected * (1 - expected) / 20_000).squareRoot() + 1e-9, what)
        }
    }

    @Test("Without a temperature the most likely token is taken, whatever the seed")
    func greedy() {
        for seed in 0..<5 as Range<UInt64> { #expect(draw(Sampling(topK: 3, topP: 0.5, seed: seed)) == 1) }
        #expect(draw(Sampling(), [.nan, -1, .nan, -0.5]) == 3)
        #expect(draw(Sampling(), [2, 2, 2]) == 0)
    }

    @Test("Tokens come as often as their probabilities say")
    func plain() {
        expect(frequencies(Sampling(temperature: 1)), near: [0.125, 0.5, 0.0625, 0.25, 0.0625], "temperature 1")
    }

    @Test("The temperature divides the logits")
    func temperature() {
        // At 0.5, probabilities are squared.
        let squares = [0.125, 0.5, 0.0625, 0.25, 0.0625].map { $0 * $0 }
        let total = squares.reduce(0, +)
        expect(frequencies(Sampling(temperature: 0.5)), near: squares.map { $0 / total }, "temperature 0.5")
    }

    @Test("Top-k keeps the k most likely")
    func topK() {
        expect(frequencies(Sampling(temperature: 1, topK: 2)), near: [0, 2.0 / 3, 0, 1.0 / 3, 0], "top-k 2")
        expect(frequencies(Sampling(temperature: 1, topK: 99)), near: [0.125, 0.5, 0.0625, 0.25, 0.0625], "top-k beyond all")
    }

    @Test("Top-p keeps the fewest whose probabilities reach p")
    func topP() {
        expect(frequencies(Sampling(temperature: 1, topP: 0.4)), near: [0, 1, 0, 0, 0], "top-p 0.4")
        expect(frequencies(Sampling(temperature: 1, topP: 0.7)), near: [0, 2.0 / 3, 0, 1.0 / 3, 0], "top-p 0.7")
        expect(
            frequencies(Sampling(temperature: 1, topP: 0.8)), near: [1.0 / 7, 4.0 / 7, 0, 2.0 / 7, 0], "top-p 0.8")
    }

    @Test("Top-p after top-k counts what top-k left")
    func topKThenTopP() {
        // Of 4/7, 2/7 and 1/7 the first two reach 0.8.
        expect(frequencies(Sampling(temperature: 1, topK: 3, topP: 0.8)), near: [0, 2.0 / 3, 0, 1.0 / 3, 0], "top-k 3, top-p 0.8")
    }

    @Test("Min-p keeps what is likely enough beside the most likely")
    func minP() {
        expect(frequencies(Sampling(temperature: 1, minP: 0.4)), near: [0, 2.0 / 3, 0, 1.0 / 3, 0], "min-p 0.4")
        expect(frequencies(Sampling(temperature: 1, minP: 1)), near: [0, 1, 0, 0, 0], "min-p 1")
    }

    @Test("The repetition penalty counts a token once, and only in its window")
    func repetitionPenalty() {
        let logits: [Float] = [4, 3, -1, -2]
        // 4 / 1.5 is below 3; twice it would be below 2.
        #expect(draw(Sampling(repetitionPenalty: 1.5), logits, recent: [0, 0]) == 1)
        #expect(draw(Sampling(repetitionPenalty: 1.5), logits, recent: [0, 1, 1]) == 0)
        #expect(draw(Sampling(repetitionPenalty: 1.5, repetitionWindow: 2), logits, recent: [0, 1, 1]) == 0)
        #expect(draw(Sampling(repetitionPenalty: 1.2), logits, recent: [0, 0, 0]) == 0)
        // Negative logits become smaller, not larger.
        #expect(draw(Sampling(repetitionPenalty: 3), [-1, -2], recent: [0]) == 1)
    }

    @Test("A draw depends on seed and position alone")
    func determinism() {
        let sampling = Sampling(temperature: 1, seed: 7)
        let first = (0..<50).map { draw(sampling, position: $0) }
        #expect((0..<50).reversed().map { draw(sampling, position: $0) }.reversed() == first)
        #expect((0..<50).map { draw(Sampling(temperature: 1, seed: 8), position: $0) } != first)
    }

    @Test("Where no logit is a number, no token is chosen", arguments: [Float.nan, -.infinity])
    func nothingToChoose(logit: Float) {
        let logits = [Float](repeating: logit, count: 3)
        #expect(draw(Sampling(), logits) == nil)
        #expect(draw(Sampling(temperature: 1, topK: 2, topP: 0.5, minP: 0.1), logits) == nil)
        #expect(draw(Sampling(repetitionPenalty: 1.1), logits, recent: [0]) == nil)
    }

    @Test("No logits make it fail")
    func hostileLogits() {
        let hostile: [[Float]] = [
            [.infinity, .infinity, 0], [.infinity, -.infinity, .nan], [.nan, -3, .nan],
            [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0],
        ]
        for logits in hostile {
            for topK in [0, 1, 2, 5] {
                for topP in [1, 0.5, .leastNonzeroMagnitude] as [Float] {
                    for minP in [0, 0.5, 1] as [Float] {
                        let sampling = Sampling(
                            temperature: 0.7, topK: topK, topP: topP, minP: minP, repetitionPenalty: 1.1, repetitionWindow: 4096)
                        let token = draw(sampling, logits, recent: [0, 1, 2])
                        #expect(token.map { $0 < 3 } == true)
                    }
                }
            }
        }
    }

    @Test("The heap gives the same order as sorting")
    func largeVocabulary() {
        var generator = SystemRandomNumberGenerator()
        let logits = (0..<10_000).map { _ in Float.random(in: -10...10, using: &generator) }
        let best = Set(logits.indices.sorted { logits[$0] > logits[$1] }.prefix(40).map(UInt32.init))
        let sampler = Sampler(vocabularySize: logits.count)!
        for position in 0..<500 as Range<Int64> {
            let token = logits.withUnsafeBufferPointer {
                sampler.next(
                    $0.baseAddress!, recent: RecentTokens(), position: position, Sampling(temperature: 100, topK: 40))
            }
            #expect(token.map(best.contains) == true)
        }
    }

    @Test(
        "Options that make no sense are named",
        arguments: [
            (Sampling(temperature: -1), "temperature"), (Sampling(temperature: .nan), "temperature"), (Sampling(topK: -1), "top-k"),
            (Sampling(topP: 0), "top-p"), (Sampling(topP: 1.5), "top-p"), (Sampling(minP: 2), "min-p"),
            (Sampling(repetitionPenalty: 0), "repetition penalty"), (Sampling(repetitionWindow: 5000), "repetition window"),
        ])
    func problems(sampling: Sampling, name: String) {
        #expect(sampling.problem?.contains(name) == true)
        #expect(Sampling().problem == nil)
    }
}
