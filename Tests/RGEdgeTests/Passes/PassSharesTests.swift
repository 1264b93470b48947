import Testing

@testable import RGEdge

@Suite("Shares of a pass")
struct PassSharesTests {
    private func divided(_ wanted: [Int], whole: Set<Int> = [], target: Int, capacity: Int = 256) -> [Int] {
        var shares = PassShares(capacity: wanted.count)
        for (index, count) in wanted.enumerated() {
            shares.append(PassShares.Share(wanted: count, isWhole: whole.contains(index)))
        }
        shares.divide(target: target, capacity: capacity)
        return shares.shares.map(\.given)
    }

    @Test("One gets what the pass has")
    func one() {
        #expect(divided([1], target: 1) == [1])
        #expect(divided([100], target: 32) == [32])
        #expect(divided([20], target: 32) == [20])
        #expect(divided([256], target: 256) == [256])
    }

    @Test("Answers come first, and prompts share the rest: what a short one doesn't need goes to the longer ones")
    func prompts() {
        #expect(divided([200, 1, 1], target: 32) == [30, 1, 1])
        #expect(divided([200, 200, 1], target: 33) == [16, 16, 1])
        #expect(divided([200, 5, 200], target: 35) == [15, 5, 15])
        #expect(divided([3, 2, 200], target: 32) == [3, 2, 27])
    }

    @Test("Guesses come whole or not at all, and the first of those that wait always comes")
    func whole() {
        #expect(divided([65, 100], whole: [0], target: 32) == [65, 9])
        #expect(divided([200, 65, 1], whole: [0, 1], target: 32) == [200, 0, 1])
        #expect(divided([256, 1], whole: [0], target: 32) == [256, 0])
    }

    @Test("Prompts go on where answers fill the pass, and nothing is above the capacity")
    func full() {
        #expect(divided(Array(repeating: 1, count: 31) + [100], target: 16) == Array(repeating: 1, count: 31) + [5])
        #expect(divided([250, 10, 10], whole: [0], target: 256) == [250, 3, 3])
    }

    @Test("No more is given than wanted or than there is, whatever is wanted")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let wanted = (0..<Int.random(in: 1...32, using: &generator)).map { _ in Int.random(in: 1...256, using: &generator) }
            let whole = Set(wanted.indices.filter { _ in Bool.random(using: &generator) })
            let target = Int.random(in: 1...256, using: &generator)
            let given = divided(wanted, whole: whole, target: target)
            #expect(given[0] > 0)
            #expect(given.reduce(0, +) <= 256)
            for index in wanted.indices {
                #expect(given[index] <= wanted[index])
                if whole.contains(index) { #expect(given[index] == 0 || given[index] == wanted[index]) }
            }
        }
    }
}
