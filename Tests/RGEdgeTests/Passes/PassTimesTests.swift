import TestSupport
import Testing

@testable import RGEdge

@Suite("How many tokens a pass takes")
struct PassTimesTests {
    /// Lets a prompt of many tokens choose its passes where one of n tokens takes `seconds(n)`, and returns what it settles for.
    private func settled(latency: Double, least: Double = 0.85, passes: Int = 60, _ seconds: (Double) -> Double) -> Int {
        var times = PassTimes(capacity: 256)
        times.note(tokens: 1, seconds: seconds(1))
        for _ in 0..<passes {
            let tokens = times.tokens(latency: latency, least: least)
            times.note(tokens: tokens, seconds: seconds(Double(tokens)))
        }
        return times.tokens(latency: latency, least: least)
    }

    @Test("The first prompt's first pass has 32 tokens, also after answers")
    func first() {
        var times = PassTimes(capacity: 256)
        #expect(times.tokens(latency: 0.25, least: 0.85) == 32)
        times.note(tokens: 1, seconds: 0.05)
        #expect(times.tokens(latency: 0.25, least: 0.85) == 32)
        #expect(PassTimes(capacity: 8).tokens(latency: 0.25, least: 0.85) == 8)
    }

    @Test("As many as the latency allows, where that costs nothing")
    func latency() {
        #expect(settled(latency: 0.25) { 0.001 * $0 } == 248)
        #expect(settled(latency: 0.25) { 0.0001 * $0 } == 256)
        #expect((20...28).contains(settled(latency: 0.25) { 0.05 + 0.01 * $0 }))
        #expect((12...20).contains(settled(latency: 0.25) { max(0.05, 0.013 * $0) }))
    }

    @Test("Not so few that the prompt becomes much slower, as where each pass reads weights from a disk")
    func speed() {
        let streamed = settled(latency: 0.25) { max(1, 0.014 * $0) }
        #expect(Double(streamed) / (0.014 * Double(streamed)) >= 0.85 / 0.014)
        #expect(settled(latency: 0.25) { 1 + 0.001 * $0 } >= 208)
        #expect(settled(latency: 10) { 1 + 0.001 * $0 } == 256)
        // Alone a prompt loses less.
        #expect(settled(latency: 0.25, least: 0.95) { max(1, 0.014 * $0) } > streamed)
    }

    @Test("A processor that takes a tenth of a second per token reads a prompt token by token, if that is no slower")
    func slow() { #expect(settled(latency: 0.25) { 0.1 * $0 } == 2) }

    @Test(
        "A pass that was stopped for a while changes little, whichever it is", arguments: [1, 2, 3, 10, 40],
        [2, 30, 600] as [Double])
    func stall(pass: Int, seconds: Double) {
        for (perToken, expected) in [(0.001, 180...256), (0.01, 12...28)] {
            var number = 0
            let tokens = settled(latency: 0.25, passes: 80) { tokens in
                number += 1
                return number == pass + 1 ? seconds : 0.05 + perToken * tokens
            }
            #expect(expected.contains(tokens), "\(tokens)")
        }
    }

    @Test("A machine that becomes slower, or is never the same, is followed")
    func changes() {
        var number = 0
        let slower = settled(latency: 0.25, passes: 80) { tokens in
            number += 1
            return (number > 20 ? 10 : 1) * 0.001 * tokens
        }
        #expect(slower == 24)
        var random = RandomSource(seed: 1)
        var longest = 0.0
        _ = settled(latency: 0.25, passes: 1000) { tokens in
            number += 1
            let seconds = max(0.05, 0.009 * tokens) * Double(random.float(in: 0.7...1.3)) * (number / 50 % 2 == 1 ? 2.5 : 1)
            longest = max(longest, seconds)
            return seconds
        }
        #expect(longest < 1.5, "a pass of \(longest) s, where 0.25 s is wanted and 0.8 s the worst of luck")
    }

    @Test("A first pass that waited for the disk is forgotten")
    func cold() {
        var isFirst = true
        let tokens = settled(latency: 0.25) { tokens in
            defer { if tokens > 1 { isFirst = false } }
            return tokens > 1 && isFirst ? 30 : 0.001 * tokens
        }
        #expect(tokens > 200)
    }

    @Test("Times that are no times, and latencies that are none, do no harm")
    func extremes() {
        for seconds in [0, -1, .infinity, .nan, 1e300, 5e-324] as [Double] {
            for latency in [0, -1, .infinity, 1e300] as [Double] {
                #expect((1...256).contains(settled(latency: latency) { _ in seconds }))
            }
        }
    }
}
