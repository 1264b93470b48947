import System
import Testing

@testable import Serving

@Suite("The clerk")
struct ClerkTests {
    @Test("Owners take turns, and each one's requests keep their order")
    func turns() throws {
        let clerk = Clerk(), order = Guarded<[String]>([]), gate = Monitor()
        // Nothing is read before all has come.
        for (owner, count) in [("a", 3), ("b", 1), ("c", 2)] {
            for number in 0..<count {
                let isTaken = clerk.add(bytes: 1, of: Owner(word: owner)) { order.withLock { $0.append("\(owner)\(number)") } }
                #expect(isTaken)
            }
        }
        let isTaken = clerk.add(bytes: 1, of: Owner(word: "end")) { gate.withLock { gate.wakeAll() } }
        #expect(isTaken && !clerk.add(bytes: Clerk.byteLimit) {})
        try clerk.start()
        gate.withLock { while order.withLock({ $0.count }) < 6 { gate.wait(seconds: 0.05) } }
        let read = order.withLock { $0 }
        #expect(read.prefix(2) == ["a0", "b0"] && Set(read).count == 6)
        for owner in ["a", "c"] { #expect(read.filter { $0.hasPrefix(owner) } == read.filter { $0.hasPrefix(owner) }.sorted()) }
        clerk.close()
    }
}
