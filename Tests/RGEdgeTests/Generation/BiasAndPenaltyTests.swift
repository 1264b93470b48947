import AllocationCounter
import Foundation
import TestSupport
import Testing

@testable import RGEdge

/// Logit bias, and the penalties of tokens that came before, beside their definitions.
@Suite("Logit bias and penalties")
struct BiasAndPenaltyTests {
    private func recent(_ tokens: [UInt32]) -> RecentTokens {
        var recent = RecentTokens()
        for token in tokens { recent.append(token) }
        return recent
    }

    private func choose(_ logits: [Float], _ tokens: [UInt32] = [], _ sampling: Sampling, position: Int64 = 0) -> UInt32? {
        logits.withUnsafeBufferPointer {
            Sampler(vocabularySize: logits.count)!.next($0.baseAddress!, recent: recent(tokens), position: position, sampling)
        }
    }

    private func choose(_ logits: [Float], _ sampling: Sampling) -> UInt32? { choose(logits, [], sampling) }

    /// The logits that a choice is made from, by the definition: llama.cpp's order and formula.
    private func changed(_ logits: [Float], _ tokens: [UInt32], _ sampling: Sampling) -> [Float] {
        var logits = logits
        for (token, bias) in sampling.logitBias { logits[Int(token)] += bias }
        let counts = Dictionary(tokens.suffix(sampling.repetitionWindow).map { ($0, 1) }, uniquingKeysWith: +)
        for (token, count) in counts {
            var logit = logits[Int(token)]
            if logit <= 0 { logit *= sampling.repetitionPenalty } else { logit /= sampling.repetitionPenalty }
            logits[Int(token)] = logit - (Float(count) * sampling.frequencyPenalty + sampling.presencePenalty)
        }
        return logits
    }

    @Test("The choice is that of the definition, greedy and drawn, with everything set")
    func definition() throws {
        var generator = RandomSource(seed: 5)
        for trial in 0..<2000 {
            let count = Int.random(in: 2...40, using: &generator)
            let logits = (0..<count).map { _ in Float.random(in: -3...3, using: &generator) }
            let tokens = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt32.random(in: 0..<UInt32(count), using: &generator)
            }
            var sampling = Sampling(repetitionWindow: [0, 3, 20, 64, 4096].randomElement(using: &generator)!, seed: UInt64(trial))
            if Bool.random(using: &generator) { sampling.repetitionPenalty = .random(in: 0.5...2, using: &generator) }
            if Bool.random(using: &generator) { sampling.presencePenalty = .random(in: -2...2, using: &generator) }
            if Bool.random(using: &generator) { sampling.frequencyPenalty = .random(in: -2...2, using: &generator) }
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                sampling.logitBias[.random(in: 0..<UInt32(count), using: &generator)] = .random(in: -5...5, using: &generator)
            }
            let expected = changed(logits, tokens, sampling)
            let best = try #require(expected.indices.max { (expected[$0], $1) < (expected[$1], $0) })
            #expect(choose(logits, tokens, sampling) == UInt32(best), "trial \(trial)")
            sampling.temperature = 0.8
            sampling.topP = 0.9
            let plain = Sampling(temperature: 0.8, topP: 0.9, seed: UInt64(trial))
            #expect(choose(logits, tokens, sampling, position: 7) == choose(expected, [], plain, position: 7), "trial \(trial)")
        }
    }

    @Test("A presence penalty counts a token once, a frequency penalty each time, both only in the window")
    func counting() {
        let logits: [Float] = [4, 3, 0]
        #expect(choose(logits, [0, 0, 0], Sampling(presencePenalty: 0.9)) == 0)
        #expect(choose(logits, [0], Sampling(presencePenalty: 1.1)) == 1)
        #expect(choose(logits, [0], Sampling(frequencyPenalty: 0.4)) == 0)
        #expect(choose(logits, [0, 0, 0], Sampling(frequencyPenalty: 0.4)) == 1)
        #expect(choose(logits, [0, 0, 0, 2, 2], Sampling(frequencyPenalty: 0.4, repetitionWindow: 4)) == 0)
        #expect(choose(logits, [0, 0, 0], Sampling(presencePenalty: 2, frequencyPenalty: 2, repetitionWindow: 0)) == 0)
        #expect(choose(logits, [2, 2, 2], Sampling(frequencyPenalty: -1.4)) == 2, "below 0 it favors")
        // The whole window, of one token.
        let whole = [UInt32](repeating: 0, count: Sampling.repetitionWindowLimit)
        let sampling = Sampling(frequencyPenalty: 1 / 4000, repetitionWindow: Sampling.repetitionWindowLimit)
        #expect(choose(logits, whole, sampling) == 1)
        #expect(choose(logits, Array(whole.dropLast(100)), sampling) == 0)
    }

    @Test("The bias comes before the repetition penalty, which comes before the others")
    func order() {
        // 1 - 3 is negative, so the penalty multiplies: -4, and not (1 / 2) - 3.
        #expect(choose([1, -3], [0], Sampling(repetitionPenalty: 2, logitBias: [0: -3])) == 1)
        // 4 / 2 - 3, and not (4 - 3) / 2.
        #expect(choose([4, 0], [0], Sampling(repetitionPenalty: 2, presencePenalty: 3)) == 1)
    }

    @Test("A banned token is never chosen, whatever else is set; where all are, none is")
    func banned() {
        let ban: [UInt32: Float] = [1: -.infinity]
        for extreme in [0, 2, -2, 3e38, -3e38] as [Float] {
            for temperature in [0, 1] as [Float] {
                for position in 0..<50 as Range<Int64> {
                    let sampling = Sampling(
                        temperature: temperature, repetitionPenalty: 1.1, presencePenalty: extreme, frequencyPenalty: extreme,
                        logitBias: ban)
                    let token = choose([0, 5, 0, .infinity], [1, 1, 1, 2], sampling, position: position)
                    #expect(token != nil && token != 1)
                }
            }
        }
        #expect(choose([1, 2], Sampling(logitBias: [0: -.infinity, 1: -.infinity])) == nil)
        #expect(choose([.infinity, 2], Sampling(logitBias: [0: -.infinity])) == 1, "not a NaN")
        #expect(choose([1, 2], Sampling(logitBias: [9: 5])) == 1, "memory beyond the logits is left alone")
    }

    @Test("A bias of 0 changes no draw")
    func nothing() {
        let logits = (0..<200).map { Float(($0 * 7919) % 101) / 20 }
        for position in 0..<300 as Range<Int64> {
            let plain = Sampling(temperature: 1, topP: 0.95, repetitionPenalty: 1.3, seed: 3)
            var biased = plain
            biased.logitBias = [4: 0]
            #expect(choose(logits, [1, 2, 3], biased, position: position) == choose(logits, [1, 2, 3], plain, position: position))
        }
        #expect(choose(logits, Sampling(logitBias: [4: 0])) == choose(logits, Sampling()))
    }

    @Test("Choosing allocates nothing")
    func allocations() {
        let logits = (0..<5000).map { Float(($0 * 7919) % 101) / 20 }
        let recent = recent((0..<5000).map { UInt32($0 % 300) })
        let sampler = Sampler(vocabularySize: logits.count)!
        let sampling = Sampling(
            temperature: 1, presencePenalty: 0.5, frequencyPenalty: 0.5, repetitionWindow: 4096, logitBias: [4: 1, 7: -.infinity])
        logits.withUnsafeBufferPointer { logits in
            _ = sampler.next(logits.baseAddress!, recent: recent, position: 0, sampling)
            let before = allocation_count()
            for position in 0..<20 as Range<Int64> {
                _ = sampler.next(logits.baseAddress!, recent: recent, position: position, sampling)
            }
            #expect(allocation_count() == before)
        }
    }

    @Test(
        "Options that make no sense are named",
        arguments: [
            (Sampling(presencePenalty: .nan), "presence penalty"), (Sampling(presencePenalty: .infinity), "presence penalty"),
            (Sampling(frequencyPenalty: -.infinity), "frequency penalty"),
            (Sampling(logitBias: [9: .nan, 7: .infinity, 3: 1]), "logit bias of token 7 is inf"),
            (Sampling(logitBias: [9: .nan]), "logit bias of token 9 is nan"),
        ])
    func problems(sampling: Sampling, name: String) {
        #expect(sampling.problem?.contains(name) == true)
        #expect(Sampling(presencePenalty: -9, frequencyPenalty: 9, logitBias: [9: -.infinity, 8: -100]).problem == nil)
    }
}
