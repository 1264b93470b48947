import Testing

@testable import RGEdge

/// How far to look ahead, on machines that are made up.
@Suite("Pace")
struct PaceTests {
    /// Feeds so many tokens: alone each takes 1 s, a chunk takes `chunkSeconds`, of whose guesses `right` are right.
    private func run(_ pace: inout Pace, tokens: Int, chunkSeconds: Double, right: Int) -> (guesses: [Int], seconds: Double) {
        var guesses: [Int] = []
        var seconds = 0.0
        var fed = 0
        while fed < tokens {
            let length = pace.length
            if length == 0 {
                pace.notePlain(seconds: 1)
                seconds += 1
                fed += 1
            } else {
                let used = 1 + min(right, length)
                pace.noteChunk(seconds: chunkSeconds)
                pace.noteUsed(used, of: 1 + length)
                seconds += chunkSeconds
                fed += used
                guesses.append(length)
            }
        }
        return (guesses, seconds)
    }

    @Test("Nothing is guessed before it is known what a token takes")
    func start() {
        for (longest, expected) in [(8, 4), (2, 2)] {
            var pace = Pace(longest: longest)
            for _ in 0..<2 {
                #expect(pace.length == 0)
                pace.notePlain(seconds: 1)
            }
            #expect(pace.length == expected)
        }
    }

    @Test("Where guesses are right there are more of them, up to the limit")
    func growth() {
        var pace = Pace(longest: 32)
        let (guesses, seconds) = run(&pace, tokens: 500, chunkSeconds: 1.5, right: 100)
        #expect(guesses.prefix(4) == [4, 8, 16, 32])
        #expect(guesses.allSatisfy { $0 <= 32 })
        #expect(seconds < 60)
    }

    @Test("Where few are right there are few")
    func few() {
        var pace = Pace(longest: 32)
        let (guesses, seconds) = run(&pace, tokens: 500, chunkSeconds: 1.2, right: 1)
        #expect(guesses.dropFirst().allSatisfy { $0 == 2 })
        #expect(seconds < 330)
    }

    @Test("Where it doesn't pay it is tried more and more seldom, and costs next to nothing")
    func pause() {
        var pace = Pace(longest: 8)
        let (guesses, seconds) = run(&pace, tokens: 10_000, chunkSeconds: 3, right: 0)
        #expect(guesses.count < 20)
        #expect(seconds < 10_060)
        #expect(!guesses.isEmpty)
    }

    @Test("When it pays again, it goes on")
    func recovery() {
        var pace = Pace(longest: 8)
        _ = run(&pace, tokens: 300, chunkSeconds: 3, right: 0)
        let (guesses, _) = run(&pace, tokens: 3000, chunkSeconds: 1.5, right: 8)
        #expect(guesses.count > 100)
    }

    @Test("What a token takes is measured again now and then")
    func measurement() {
        var pace = Pace(longest: 8)
        // The first token waited for the disk.
        pace.notePlain(seconds: 1000)
        let (guesses, seconds) = run(&pace, tokens: 3000, chunkSeconds: 3, right: 0)
        #expect(guesses.count < 20)
        #expect(seconds < 3060)
    }
}
