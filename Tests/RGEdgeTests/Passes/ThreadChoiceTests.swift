import TestSupport
import Testing

@testable import RGEdge

@Suite("How many threads compute a token")
struct ThreadChoiceTests {
    /// Computes passes, of which one of n threads takes `seconds(n)`, and returns their time.
    @discardableResult
    private func compute(_ passes: Int, _ choice: inout ThreadChoice, _ seconds: (Int) -> Double) -> Double {
        var sum = 0.0
        for _ in 0..<passes {
            let time = seconds(choice.next)
            choice.note(seconds: time)
            sum += time
        }
        return sum
    }

    @Test("The first tokens are computed by all")
    func short() {
        var choice = ThreadChoice(most: 4)
        for _ in 0..<ThreadChoice.passesBefore {
            #expect(choice.next == 4)
            choice.note(seconds: 1)
        }
    }

    @Test("As on a Raspberry Pi 5, which reads fastest with two of four")
    func pi5() {
        var choice = ThreadChoice(most: 4)
        compute(120, &choice) { [1: 1.64, 2: 1.15, 4: 1.31][$0] ?? .nan }
        #expect(choice.chosen == 2 && choice.next == 2)
    }

    @Test("Where all are fastest, they stay, and trying others costs next to nothing", arguments: [2, 3, 4, 8, 64])
    func all(most: Int) {
        var choice = ThreadChoice(most: most)
        let time = compute(2_000, &choice) { Double(most) / Double($0) }
        #expect(choice.chosen == most && choice.next == most)
        #expect(time < 2_005)
    }

    @Test("One thread, if that is fastest")
    func one() {
        var choice = ThreadChoice(most: 8)
        compute(300, &choice) { 1 + 0.1 * Double($0) }
        #expect(choice.chosen == 1)
    }

    @Test("Noise decides nothing", arguments: 1...20)
    func noise(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var choice = ThreadChoice(most: 4)
        compute(10_000, &choice) { _ in 1 + Double.random(in: 0...0.05, using: &random) }
        #expect(choice.chosen == 4)
    }

    @Test("Passes that something else holds up decide nothing", arguments: 1...20)
    func interruptions(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var choice = ThreadChoice(most: 4)
        compute(10_000, &choice) { ($0 == 4 ? 1 : 1.04) * (Int.random(in: 0..<5, using: &random) == 0 ? 3 : 1) }
        #expect(choice.chosen == 4)
    }

    @Test("What changes is found out later, both ways")
    func changes() {
        var choice = ThreadChoice(most: 4)
        compute(200, &choice) { $0 == 4 ? 1.2 : 1 + 0.1 * Double(2 - $0) }
        #expect(choice.chosen == 2)
        compute(2 * ThreadChoice.passesBetween, &choice) { 4 / Double($0) }
        #expect(choice.chosen == 4)
    }

    @Test("Another program that is there for the time of a trial costs little after it has gone")
    func passingLoad() {
        var choice = ThreadChoice(most: 4)
        // Two of four cores are taken: two threads are faster.
        compute(ThreadChoice.passesBefore + 40, &choice) { $0 == 2 ? 1 : 1.2 }
        #expect(choice.chosen == 2)
        let time = compute(1_000, &choice) { 4 / Double($0) }
        #expect(choice.chosen == 4)
        #expect(time < 1_150)
    }

    @Test("A trial begins anew where another session's tokens come in between")
    func otherSessions() {
        var choice = ThreadChoice(most: 4)
        // The other one's passes take longer, and always while fewer threads have their turn.
        for _ in 0..<200 {
            compute(ThreadChoice.passesBefore + 6, &choice) { _ in 1 }
            choice.interrupt()
            #expect(choice.next == 4 && choice.chosen == 4)
        }
    }

    @Test("Times that are none are ignored")
    func noTimes() {
        var choice = ThreadChoice(most: 4)
        compute(1_000, &choice) { _ in .nan }
        compute(1_000, &choice) { _ in 0 }
        #expect(choice.next == 4)
    }
}
