import Dispatch
import Griffin
import ModelTestSupport
import Synchronization
import System
import TestSupport
import Testing

@testable import RGEdge

/// Tasks that are cancelled while they read a stream, and the threads that they run on.
@Suite("Cancelled streams")
struct StreamCancellationTests {
    private let model: Model

    init() throws { model = try Model(path: try ConvertedModels.path("tiny-en", .q8), options: Model.Options(threads: 1)) }

    private final class Count: Sendable {
        private let count = Atomic(0)

        var value: Int { count.load(ordering: .relaxed) }

        func next() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    /// Calls `onPass` as a pass begins.
    private final class Passes: ForwardPassObserver {
        private let onPass: () -> Void

        init(_ onPass: @escaping () -> Void) { self.onPass = onPass }

        func run(_ operation: ForwardPass.Operation, _ body: () -> Void) {
            if operation == .embedding { onPass() }
            body()
        }
    }

    private typealias Reading = (pieces: [String], result: GenerationResult?, session: [UInt8])

    /// Reads a stream of a new session until it ends: the pieces, what the stream says of it, and the session's bytes.
    private func read(_ prompt: String, onPiece: (Int) -> Void = { _ in }) async throws -> Reading {
        let session = try model.makeSession()
        let stream = session.stream(prompt, options: GenerationOptions(maxTokens: nil))
        var pieces: [String] = []
        for try await piece in stream {
            pieces.append(piece)
            onPiece(pieces.count)
        }
        return (pieces, stream.result, session.serialized())
    }

    @Test("Cancelled amid the answer, the loop ends where the session does", arguments: [1, 5])
    func amidAnswer(count: Int) async throws {
        let task = Task { [self] in
            try await read("In the beginning") { if $0 == count { withUnsafeCurrentTask { $0?.cancel() } } }
        }
        let (pieces, result, bytes) = try await task.value
        #expect(result?.finish == .cancelled && pieces.count == count)

        let expected = try model.makeSession()
        var shown = 0
        _ = try expected.generate("In the beginning", options: GenerationOptions(maxTokens: nil)) { _ in
            shown += 1
            return shown < pieces.count
        }
        #expect(bytes == expected.serialized())
    }

    @Test("Cancelled while a pass is computed, no more than that pass follows")
    func amidPass() async throws {
        let passes = Count()
        let task = Guarded<Task<Reading, any Error>?>(nil)
        let observer = Passes { if passes.next() == 4 { task.withLock { $0?.cancel() } } }
        model.observe(observer)
        defer { model.observe(nil) }
        let reading = task.withLock { task in
            let reading = Task { [self] in try await read("In the beginning") }
            task = reading
            return reading
        }
        let (_, result, _) = try await reading.value
        #expect(result?.finish == .cancelled)
        #expect(passes.value == 4)
    }

    @Test("Cancelled amid a long prompt, the session is as before")
    func amidPrompt() async throws {
        let prompt = String(repeating: "And it came to pass in those days, ", count: 100)
        let passes = Count()
        let task = Guarded<Task<Reading, any Error>?>(nil)
        let observer = Passes {
            _ = passes.next()
            task.withLock { $0?.cancel() }
        }
        model.observe(observer)
        defer { model.observe(nil) }
        let reading = task.withLock { task in
            let reading = Task { [self] in try await read(prompt) }
            task = reading
            return reading
        }
        let (pieces, result, bytes) = try await reading.value
        #expect(pieces.isEmpty && result?.finish == .cancelled && result?.promptTokens == 0)
        #expect(passes.value == 1)
        #expect(bytes == (try model.makeSession().serialized()))
    }

    @Test("In a task that is cancelled already, nothing happens")
    func before() async throws {
        let task = Task { [self] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await read("In the beginning")
        }
        let (pieces, result, bytes) = try await task.value
        #expect(pieces.isEmpty && result == nil)
        #expect(bytes == (try model.makeSession().serialized()))
    }

    /// More streams than the cooperative pool has threads compute, or wait for their turn, and tasks run all the same.
    @Test("The threads of tasks are free meanwhile")
    func cooperativePool() async throws {
        let isFree = DispatchSemaphore(value: 0)
        let passes = Count()
        let observer = Passes {
            guard passes.next() == 1 else { return }
            #expect(isFree.wait(timeout: .now() + 60) == .success, "no task ran")
        }
        model.observe(observer)
        defer { model.observe(nil) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                let session = try model.makeSession()
                group.addTask {
                    for try await _ in session.stream("In the beginning", options: GenerationOptions(maxTokens: 2)) {}
                }
            }
            group.addTask {
                while passes.value == 0 { try await Task.sleep(for: .milliseconds(1)) }
                await Task.detached { _ = isFree.signal() }.value
            }
            try await group.waitForAll()
        }
    }

    @Test("Sessions change hands: fork, loading and snapshots give what another task may have")
    func handingOver() async throws {
        let session = try model.makeSession()
        try session.feed([2, 10, 20, 30])
        let expected = session.serialized()
        let snapshot = try session.snapshot()
        let fork = try session.fork()
        let loaded = try model.session(deserializing: expected.span.bytes)
        try session.feed([7])
        let model = model
        async let first = Task { fork.serialized() }.value
        async let second = Task { loaded.serialized() }.value
        let copies = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let other = try model.makeSession()
                    try other.restore(snapshot)
                    return other.serialized()
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(await [first, second] + copies == Array(repeating: expected, count: 5))
    }
}
