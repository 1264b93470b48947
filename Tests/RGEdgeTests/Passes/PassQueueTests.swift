import Glibc
import Griffin
import Kernels
import ModelTestSupport
import Synchronization
import System
import TestSupport
import Testing
import Tiles

@testable import RGEdge

/// Holds up each pass until it is let go, and keeps what each was like.
private final class Gate: PassWatcher {
    private let monitor = Monitor()
    private nonisolated(unsafe) var isOpen = true

    func passBegins() { monitor.withLock { while !isOpen { monitor.wait() } } }
    func passEnds(_ forwardPass: ForwardPass) {}

    func set(open: Bool) {
        monitor.withLock { isOpen = open }
        monitor.wakeAll()
    }
}

@Suite("Sessions that are used in several threads")
struct PassQueueTests {
    /// Runs a function in so many threads at once.
    private func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
        let threads = try (0..<count).map { number in try #require(System.Thread { body(number) }) }
        for thread in threads { thread.join() }
    }

    /// What a session does: prompts and single tokens, and after each of them a fork, an answer with guesses, or a step back.
    private struct Life {
        private var random: RandomSource

        init(_ number: Int) { random = RandomSource(seed: UInt64(number)) }

        private mutating func tokens(_ count: Int) -> [UInt32] { (0..<count).map { _ in UInt32(random.next() % 500) } }

        mutating func go(_ session: Session, steps: Int) throws -> [[Float]] {
            var all: [[Float]] = []
            var session = session
            for _ in 0..<steps {
                let snapshot = try session.snapshot()
                switch random.next() % 6 {
                case 0: try session.feed(tokens(Int(random.next() % 300) + 1))
                case 1:
                    _ = try session.generate(
                        "a cat and a cat and", options: GenerationOptions(maxTokens: 8, lookup: 4), onText: { _ in true })
                case 2:
                    try session.feed(tokens(20))
                    try session.restore(snapshot)
                case 3: session = try session.fork()
                default: try session.feed(tokens(1))
                }
                all.append(session.logits.map(Array.init) ?? [])
            }
            return all
        }
    }

    @Test("Each has the logits that it has alone, to the bit, whatever the others do, and passes are shared", arguments: [1, 2])
    func exact(threads: Int) throws {
        for type in [WeightType.q4, .f16] {
            let path = try ConvertedModels.path("alpha", type)
            let model = try Model(path: path, options: Model.Options(threads: threads, latency: .milliseconds(2)))
            let found = Guarded<[Int: [[Float]]]>([:])
            try inThreads(16) { number in
                var life = Life(number)
                guard let logits = try? life.go(model.makeSession(), steps: 25) else { return }
                found.withLock { $0[number] = logits }
            }
            #expect(model.passCounts.runs > model.passCounts.passes)
            let single = try Model(path: path, options: Model.Options(threads: 1))
            for number in 0..<16 {
                var life = Life(number)
                #expect(try life.go(single.makeSession(), steps: 25) == found.withLock { $0[number] })
            }
        }
    }

    /// A queue of its own whose passes can be held up, and sessions of its model.
    private func heldUp(sessions: Int) throws -> (PassQueue, Gate, [PassRequest]) {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 1))
        let gate = Gate()
        let forwardPass = try #require(
            ForwardPass(weights: model.weights, kernels: Kernels.best, team: ThreadTeam(count: 1), chunkCapacity: 256))
        let requests = try (0..<sessions).map { _ in PassRequest(try SessionMemory(model)) }
        return (PassQueue(forwardPass, latency: 60, choosesThreads: false, watcher: gate), gate, requests)
    }

    @Test("Those who come while a pass is computed are all in the next one, beside the rest of the prompt")
    func gathering() throws {
        let (queue, gate, requests) = try heldUp(sessions: 17)
        nonisolated(unsafe) let tokens = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
        tokens.initialize(repeating: 5)
        defer { tokens.deallocate() }
        gate.set(open: false)
        let served = Guarded<[Int]>([])
        let prompt = try #require(
            System.Thread {
                requests[16].prepare(UnsafeBufferPointer(tokens), logits: .last, isWhole: false)
                queue.serve(requests[16])
                served.withLock { $0.append(requests[16].count) }
                requests[16].prepare(UnsafeBufferPointer(rebasing: tokens[32...]), logits: .last, isWhole: false)
                queue.serve(requests[16])
                served.withLock { $0.append(requests[16].count) }
            })
        while queue.waitingCount > 0 || !queue.isBusy { sched_yield() }
        let others = try (0..<16).map { number in
            try #require(
                System.Thread {
                    requests[number].prepare(UnsafeBufferPointer(rebasing: tokens[..<1]), logits: .last, isWhole: false)
                    queue.serve(requests[number])
                })
        }
        while queue.waitingCount < 16 { sched_yield() }
        gate.set(open: true)
        for thread in others + [prompt] { thread.join() }
        // 32 tokens of the prompt, then one of each other; more of the prompt comes with these or after them.
        let counts = queue.passCounts, prompts = served.withLock { $0 }
        #expect(prompts.count == 2 && prompts.first == 32)
        #expect(counts.runs == 18 && counts.tokens == 16 + prompts.reduce(0, +))
        #expect((2...3).contains(counts.passes))
    }

    @Test("In a crowd nobody starves: each gets as much as the others, in order of arrival")
    func crowd() throws {
        let (queue, _, requests) = try heldUp(sessions: 48)
        nonisolated(unsafe) let token = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 1)
        token.initialize(repeating: 5)
        defer { token.deallocate() }
        let isOver = Atomic<Bool>(false), ready = Atomic<Int>(0)
        let tokens = Guarded<[Int]>(Array(repeating: 0, count: 48))
        try inThreads(48) { number in
            var own = 0
            ready.add(1, ordering: .relaxed)
            while ready.load(ordering: .relaxed) < 48 { sched_yield() }
            // The first one ends it for all.
            while !isOver.load(ordering: .relaxed), own < 200 {
                requests[number].prepare(UnsafeBufferPointer(token), logits: .none, isWhole: false)
                queue.serve(requests[number])
                own += 1
            }
            isOver.store(true, ordering: .relaxed)
            tokens.withLock { $0[number] = own }
        }
        let fewest = tokens.withLock { $0.min() ?? 0 }
        #expect(fewest > 0, "\(tokens.withLock { $0 })")
        #expect(queue.passCounts.runs > queue.passCounts.passes)
    }

    @Test("One alone waits for nobody, also where a thread uses several sessions in turn")
    func alone() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 1))
        let sessions = try (0..<3).map { _ in try model.makeSession() }
        for step in 0..<30 as Range<UInt32> { try sessions[Int(step) % 3].feed([step]) }
        try model.feed([[1], [2]], to: [sessions[0], sessions[1]])
        // The other one of the last pass is this thread's too.
        try sessions[2].feed([3])
        #expect(model.passCounts.passes == 32)
        #expect(model.passCounts.secondsWaited == 0)
    }

    @Test("A long prompt is cut so that others' tokens come between")
    func fair() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 1, latency: .zero))
        let session = try model.makeSession(), isOver = Atomic<Bool>(false)
        let reader = try #require(
            System.Thread {
                try? model.makeSession().feed((0..<20_000).map { $0 * 31 % 500 })
                isOver.store(true, ordering: .releasing)
            })
        var tokens = 0
        while !isOver.load(ordering: .acquiring) {
            try session.feed([UInt32(tokens % 500)])
            tokens += 1
        }
        reader.join()
        // In the scheduler's hands, but far from the few that passes of 256 would let through.
        #expect(tokens > 20_000 / 256, "\(tokens) tokens, \(model.passCounts)")
    }
}
