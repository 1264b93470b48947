import AllocationCounter
import Foundation
import TestSupport
import Testing

@testable import RGEdge

/// Logarithms of probabilities, beside their definition in Foundation's `exp` and `log`.
@Suite("Logprobs")
struct LogprobsTests {
    private func logprobs(_ logits: [Float]) -> [Float] {
        logits.withUnsafeBufferPointer { buffer in
            let logprobs = Logprobs(buffer)
            return logits.indices.map { logprobs[UInt32($0)] }
        }
    }

    private func top(_ logits: [Float], _ count: Int) -> [UInt32] {
        logits.withUnsafeBufferPointer { Logprobs($0).top(count).map(\.token) }
    }

    @Test("exp and log are right to 1e-14")
    func logarithms() {
        var source = RandomSource(seed: 1)
        // Relative to e^x; ln x is near 0 near 1, where its error is that of what it was given.
        var exponentialError = 0.0, logarithmError = 0.0
        for _ in 0..<20_000 {
            let x = -Double.random(in: 0...690, using: &source), large = exp(Double.random(in: 0...20, using: &source))
            exponentialError = max(exponentialError, abs(exponential(SIMD8(repeating: x))[3] / exp(x) - 1))
            logarithmError = max(logarithmError, abs(naturalLogarithm(large) - log(large)) / max(log(large), 1e-2))
        }
        #expect(exponentialError < 1e-14 && logarithmError < 1e-14)
        #expect(exponential(SIMD8(repeating: 0)) == SIMD8(repeating: 1))
        #expect(naturalLogarithm(1) == 0)
        for extreme in [-.infinity, .nan, -1e300, -701] as [Double] {
            #expect((0...1e-303).contains(exponential(SIMD8(repeating: extreme))[0]))
        }
    }

    @Test(
        "They are those of the definition, for vocabularies of every size, and for large logits",
        arguments: [1, 30, 5000] as [Float])
    func definition(range: Float) {
        var source = RandomSource(seed: 2)
        for count in Array(1...40) + [1000, 4099] {
            let logits = (0..<count).map { _ in Float.random(in: -range...range, using: &source) }
            let largest = Double(logits.max()!)
            let sum = largest + log(logits.reduce(0.0) { $0 + exp(Double($1) - largest) })
            for (logit, logprob) in zip(logits, logprobs(logits)) {
                let expected = Float(Double(logit) - sum)
                // The difference of two large numbers has lost some digits here.
                #expect(abs(logprob - expected) <= expected.ulp + 1e-11 && logprob <= 0)
            }
        }
    }

    @Test("They have the same bits on every machine")
    func bits() {
        let logits = (0..<1003).map { Float(($0 * 7919) % 10_007) / 400 }
        let some = logprobs(logits)
        #expect(
            [0, 1, 500, 1002].map { some[$0].bitPattern } == [3_253_057_324, 3_238_964_168, 3_242_067_954, 3_232_716_688],
            "from Python")
    }

    @Test("The likeliest come first, of equals the smaller token")
    func order() {
        var source = RandomSource(seed: 3)
        for _ in 0..<200 {
            let count = Int.random(in: 1...50, using: &source)
            let logits = (0..<count).map { _ in Float(Int.random(in: 0...9, using: &source)) }
            let sorted = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }.map { UInt32($0) }
            for wanted in [0, 1, 5, 20] { #expect(top(logits, wanted) == Array(sorted.prefix(wanted))) }
        }
        let values = [1, 3, 2].map { Float($0) }
        values.withUnsafeBufferPointer { buffer in
            for likely in Logprobs(buffer).top(3) { #expect(likely.logprob == Logprobs(buffer)[likely.token]) }
        }
    }

    @Test("No logits make it fail")
    func hostile() {
        #expect(top([.nan, -.infinity, 1, .nan], 3) == [2])
        #expect(logprobs([.nan, 0, 0])[1] == Float(-log(2.0)))
        #expect(logprobs([-.infinity, 0]) == [-.infinity, 0])
        for logits in [[.infinity, .infinity, 1], [.nan], [-.infinity], []] as [[Float]] {
            _ = logprobs(logits)
            #expect(top(logits, 20).count <= logits.count)
        }
    }

    @Test("Without likeliest tokens they allocate nothing")
    func allocations() {
        let logits = (0..<5000).map { Float(($0 * 7919) % 101) / 20 }
        logits.withUnsafeBufferPointer { logits in
            let before = allocation_count()
            let logprobs = Logprobs(logits)
            let none = logprobs.top(0)
            #expect(allocation_count() == before)
            #expect(none.isEmpty && logprobs[3] < 0)
        }
    }
}
