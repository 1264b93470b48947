import Glibc
import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

/// A call on a session that may throw.
struct SessionCall: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (Session) throws -> Void

    /// Saving has nowhere to go, except where it is refused before.
    var isSaving: Bool { testDescription == "save" }

    init(_ name: String, _ run: @escaping @Sendable (Session) throws -> Void) {
        testDescription = name
        self.run = run
    }

    static let all = [
        SessionCall("feed") { try $0.feed([2]) },
        SessionCall("feed, stoppable") { try $0.feed([2], isCancelled: { false }) },
        SessionCall("feed, each logits") { try $0.feed([2], eachLogits: { _, _ in }) },
        SessionCall("sample") { _ = try $0.sample(Sampling()) },
        SessionCall("generate") { _ = try $0.generate("x", options: GenerationOptions(maxTokens: 2), onText: { _ in true }) },
        SessionCall("fork") { _ = try $0.fork() },
        SessionCall("snapshot") { _ = try $0.snapshot() },
        SessionCall("restore") { try $0.restore(try $0.model.makeSession().snapshot()) },
        SessionCall("save") { try $0.save(to: "/nonexistent/folder/session.rgs") },
        SessionCall("feed together") { try $0.model.feed([[2]], to: [$0]) },
    ]
}

/// What becomes of other uses of a session while an answer is streamed.
@Suite("Sessions in use by a stream")
struct StreamUseTests {
    private let model: Model
    private let options = GenerationOptions(maxTokens: 20)

    init() throws { model = try Model(path: try ConvertedModels.path("tiny-en", .q8), options: Model.Options(threads: 1)) }

    @Test("Calls throw while it is read, and change nothing", arguments: SessionCall.all)
    func calls(call: SessionCall) async throws {
        var expected: [String] = []
        _ = try model.makeSession().generate("In the beginning", options: options) {
            expected.append($0)
            return true
        }
        let session = try model.makeSession()
        var pieces: [String] = []
        for try await piece in session.stream("In the beginning", options: options) {
            pieces.append(piece)
            let error = #expect(throws: ModelError.self) { try call.run(session) }
            #expect(error?.kind == .argument && error?.description.contains("being streamed") == true)
        }
        #expect(pieces == expected)
        if !call.isSaving { try call.run(session) }
    }

    @Test("Calls wait for a stream that was left", arguments: SessionCall.all)
    func callsAfterwards(call: SessionCall) async throws {
        let session = try model.makeSession()
        for try await _ in session.stream("In the beginning", options: GenerationOptions(maxTokens: nil)) { break }
        if !call.isSaving { try call.run(session) }
    }

    @Test("What a session says without an error is of the moment after the piece")
    func reading() async throws {
        let session = try model.makeSession()
        let expected = try model.makeSession()
        _ = try expected.generate("In the beginning", options: GenerationOptions(maxTokens: 0)) { _ in true }
        for try await piece in session.stream("In the beginning", options: options) {
            _ = try expected.generate("", options: GenerationOptions(maxTokens: 1)) {
                #expect($0 == piece)
                return true
            }
            #expect(session.position == expected.position)
            #expect(session.logits == nil)
            #expect(session.serialized() == expected.serialized())
        }
    }

    @Test("While it is read, the answer doesn't go on, whoever cancels it")
    func cancelledWhileReading() async throws {
        let model = model
        let task = Task {
            let session = try model.makeSession()
            let stream = session.stream("In the beginning", options: GenerationOptions(maxTokens: nil, lookup: 4))
            for try await _ in stream {
                let answer = try #require(session.streamed)
                session.reading {
                    withUnsafeCurrentTask { $0?.cancel() }
                    let bytes = session.serialized()
                    usleep(50_000)
                    #expect(!answer.isOver && session.serialized() == bytes)
                }
            }
            #expect(session.logits != nil && stream.result?.finish == .cancelled)
        }
        try await task.value
    }

    @Test("A second stream of the session throws; one of a session beside it doesn't")
    func secondStream() async throws {
        let session = try model.makeSession()
        let other = try session.fork()
        let second = session.stream("x", options: options)
        var iterator = second.makeAsyncIterator()
        var count = 0
        for try await _ in session.stream("In the beginning", options: options) {
            count += 1
            if count == 1 { await #expect(throws: ModelError.self) { try await iterator.next() } }
            if count == 2 { for try await _ in other.stream("In the beginning", options: options) {} }
        }
        #expect(count > 2 && other.position == session.position)
        // It had not begun, so it still can.
        #expect(try await iterator.next() != nil)
    }

    @Test("Reset ends a stream")
    func reset() async throws {
        let session = try model.makeSession()
        let stream = session.stream("In the beginning", options: GenerationOptions(maxTokens: nil))
        for try await _ in stream { session.reset() }
        #expect(session.position == 0 && stream.result?.finish == .cancelled)
        try session.feed([2])
        #expect(session.position == 1)
    }

    @Test("A session may be let go while its stream goes on")
    func sessionGoes() async throws {
        var session: Session? = try model.makeSession()
        let stream = try #require(session).stream("In the beginning", options: options)
        session = nil
        var text = ""
        for try await piece in stream { text += piece }
        #expect(!text.isEmpty)
    }
}
