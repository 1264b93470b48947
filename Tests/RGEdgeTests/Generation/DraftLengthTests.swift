import Testing

@testable import RGEdge

/// How far to look ahead, on machines that are made up.
@Suite("DraftLength")
struct DraftLengthTests {
    /// Feeds `tokens` tokens: one alone takes 1 s, a chunk `chunkSeconds`, and `right` of its guesses are right.
    private func run(_ draftLength: inout DraftLength, tokens: Int, chunkSeconds: Double, right: Int) -> (
        guesses: [Int], seconds: Double
    ) {
        var guesses: [Int] = []
        var seconds = 0.0
        var fed = 0
        while fed < tokens {
            let length = draftLength.length
            if length == 0 {
                draftLength.notePlain(seconds: 1)
                seconds += 1
                fed += 1
            } else {
                let used = 1 + min(right, length)
                draftLength.noteChunk(seconds: chunkSeconds)
                draftLength.noteUsed(used, of: 1 + length)
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
            var draftLength = DraftLength(longest: longest)
            for _ in 0..<2 {
                #expect(draftLength.length == 0)
                draftLength.notePlain(seconds: 1)
            }
            #expect(draftLength.length == expected)
        }
    }

    @Test("Where guesses are right there are more of them, up to the limit")
    func growth() {
        var draftLength = DraftLength(longest: 32)
        let (guesses, seconds) = run(&draftLength, tokens: 500, chunkSeconds: 1.5, right: 100)
        #expect(guesses.prefix(4) == [4, 8, 16, 32])
        #expect(guesses.allSatisfy { $0 <= 32 })
        #expect(seconds < 60)
    }

    @Test("Where few are right there are few")
    func few() {
        var draftLength = DraftLength(longest: 32)
        let (guesses, seconds) = run(&draftLength, tokens: 500, chunkSeconds: 1.2, right: 1)
        #expect(guesses.dropFirst().allSatisfy { $0 == 2 })
        #expect(seconds < 330)
    }

    @Test("Where guesses cost next to nothing, as when a pass waits for the disk, there are as many as there may be")
    func free() {
        var draftLength = DraftLength(longest: 16)
        let (guesses, seconds) = run(&draftLength, tokens: 500, chunkSeconds: 1.01, right: 1)
        #expect(guesses.dropFirst().allSatisfy { $0 == 16 })
        #expect(seconds < 280)
        // Also while none is right: the next may be.
        let none = run(&draftLength, tokens: 500, chunkSeconds: 1.01, right: 0)
        #expect(none.guesses.count > 450 && none.seconds < 520)
    }

    @Test("Where it doesn't pay it is tried more and more seldom, and costs next to nothing")
    func pause() {
        var draftLength = DraftLength(longest: 8)
        let (guesses, seconds) = run(&draftLength, tokens: 10_000, chunkSeconds: 3, right: 0)
        #expect(guesses.count < 20)
        #expect(seconds < 10_060)
        #expect(!guesses.isEmpty)
    }

    @Test("When it pays again, it goes on")
    func recovery() {
        var draftLength = DraftLength(longest: 8)
        _ = run(&draftLength, tokens: 300, chunkSeconds: 3, right: 0)
        let (guesses, _) = run(&draftLength, tokens: 3000, chunkSeconds: 1.5, right: 8)
        #expect(guesses.count > 100)
    }

    @Test("What a token takes is measured again now and then")
    func measurement() {
        var draftLength = DraftLength(longest: 8)
        // The first token waited for the disk.
        draftLength.notePlain(seconds: 1000)
        let (guesses, seconds) = run(&draftLength, tokens: 3000, chunkSeconds: 3, right: 0)
        #expect(guesses.count < 20)
        #expect(seconds < 3060)
    }
}
