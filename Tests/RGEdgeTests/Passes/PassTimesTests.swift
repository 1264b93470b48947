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
        #expect(settled(latency: 0.25) { 0.001 * $0 } == 128)
        #expect(settled(latency: 0.25) { 0.0001 * $0 } == 256)
        #expect(settled(latency: 0.25) { 0.05 + 0.01 * $0 } == 32)
        #expect(settled(latency: 0.25) { max(0.05, 0.013 * $0) } == 16)
    }

    @Test("Not so few that the prompt becomes much slower, as where each pass reads weights from a disk")
    func speed() {
        #expect(settled(latency: 0.25) { max(1, 0.014 * $0) } == 128)
        #expect(settled(latency: 0.25) { 1 + 0.001 * $0 } == 256)
        #expect(settled(latency: 10) { 1 + 0.001 * $0 } == 256)
    }

    @Test("A processor that takes a tenth of a second per token reads a prompt token by token, if that is no slower")
    func slow() { #expect(settled(latency: 0.25) { 0.1 * $0 } == 2) }

    @Test(
        "A pass that was stopped for a while changes nothing, whichever it is", arguments: [1, 2, 3, 10, 40],
        [2, 30, 600] as [Double])
    func stall(pass: Int, seconds: Double) {
        for perToken in [0.001, 0.01] {
            var number = 0
            let tokens = settled(latency: 0.25, passes: 80) { tokens in
                number += 1
                return number == pass + 1 ? seconds : 0.05 + perToken * tokens
            }
            #expect(tokens == settled(latency: 0.25) { 0.05 + perToken * $0 })
        }
    }

    @Test("A machine that has become slower for good is noticed")
    func slower() {
        var number = 0
        let tokens = settled(latency: 0.25, passes: 80) { tokens in
            number += 1
            return (number > 20 ? 10 : 1) * 0.001 * tokens
        }
        #expect(tokens == 16)
    }

    @Test("A first pass that waited for the disk is forgotten")
    func cold() {
        var isFirst = true
        let tokens = settled(latency: 0.25) { tokens in
            defer { if tokens > 1 { isFirst = false } }
            return tokens > 1 && isFirst ? 30 : 0.001 * tokens
        }
        #expect(tokens == 128)
    }
}
