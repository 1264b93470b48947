import ModelTestSupport
import System
import TestSupport
import Testing
import Tiles

@testable import RGEdge

/// A stream gives what `generate` gives, and leaves the session as `generate` does, however its reader goes.
@Suite("Streams")
struct StreamTests {
    private static let prompt = "In the beginning"

    private func model(_ type: WeightType = .q8) throws -> Model {
        try Model(path: try ConvertedModels.path("tiny-en", type), options: Model.Options(threads: 1))
    }

    /// What `generate` makes of a prompt until `limit` pieces were shown, and the session afterwards, as bytes.
    private func generated(
        _ model: Model, _ options: GenerationOptions, limit: Int = .max
    ) throws -> (pieces: [String], result: GenerationResult, session: [UInt8]) {
        let session = try model.makeSession()
        var pieces: [String] = []
        let result = try session.generate(Self.prompt, options: options) { piece in
            pieces.append(piece)
            return pieces.count < limit
        }
        return (pieces, result, session.serialized())
    }

    /// Plain, with guesses, with a text that holds pieces back, and with one that ends the answer.
    static let variants = [
        GenerationOptions(maxTokens: 40),
        GenerationOptions(sampling: Sampling(temperature: 1, seed: 3), maxTokens: 40, lookup: 8),
        GenerationOptions(maxTokens: 40, stop: [" of the craftsman, and the firstfruits of the world"]),
        GenerationOptions(maxTokens: 40, stop: ["crown"]),
    ]

    @Test("The pieces, the result and the session are those of generate", arguments: variants)
    func pieces(options: GenerationOptions) async throws {
        let model = try model()
        let expected = try generated(model, options)
        let session = try model.makeSession()
        let stream = session.stream(Self.prompt, options: options)
        #expect(stream.result == nil)
        var pieces: [String] = []
        for try await piece in stream {
            #expect(stream.result == nil)
            pieces.append(piece)
        }
        #expect(pieces == expected.pieces)
        let result = try #require(stream.result)
        #expect(result.finish == expected.result.finish)
        #expect(result.generatedTokens == expected.result.generatedTokens)
        #expect(result.promptTokens == expected.result.promptTokens)
        #expect(session.serialized() == expected.session)
        #expect(session.streamed == nil)
    }

    @Test("A loop that is left leaves the session where the shown text ends", arguments: variants, [1, 2, 7])
    func leaving(options: GenerationOptions, limit: Int) async throws {
        let model = try model()
        let expected = try generated(model, options, limit: limit)
        try #require(expected.pieces.count == limit)
        let session = try model.makeSession()
        let stream = session.stream(Self.prompt, options: options)
        var pieces: [String] = []
        for try await piece in stream {
            pieces.append(piece)
            if pieces.count == limit { break }
        }
        #expect(pieces == expected.pieces)
        #expect(stream.result?.finish == .cancelled)
        #expect(session.serialized() == expected.session)

        // It goes on as the other does.
        let other = try model.session(deserializing: expected.session.span.bytes)
        var next: [String] = []
        _ = try other.generate("", options: GenerationOptions(maxTokens: 5)) {
            next.append($0)
            return true
        }
        pieces = []
        for try await piece in session.stream("", options: GenerationOptions(maxTokens: 5)) { pieces.append(piece) }
        #expect(pieces == next)
        #expect(session.serialized() == other.serialized())
    }

    @Test("What is held back at the end of the tokens is not of the session if nobody reads it")
    func leavingBeforeTheRest() async throws {
        let model = try model()
        let whole = try generated(model, GenerationOptions(maxTokens: 12))
        // The last three pieces may become a stop text, and come as one.
        let options = GenerationOptions(maxTokens: 12, stop: [whole.pieces.suffix(3).joined() + "never"])
        let count = try generated(model, options).pieces.count
        try #require(count == whole.pieces.count - 2)
        let expected = try generated(model, options, limit: count - 1)
        let session = try model.makeSession()
        var pieces: [String] = []
        for try await piece in session.stream(Self.prompt, options: options) {
            pieces.append(piece)
            if pieces.count == count - 1 { break }
        }
        #expect(pieces == expected.pieces)
        #expect(session.serialized() == expected.session)
    }

    @Test("An iterator that goes ends the answer")
    func dropping() async throws {
        let model = try model()
        let expected = try generated(model, GenerationOptions(maxTokens: nil), limit: 2)
        let session = try model.makeSession()
        let stream = session.stream(Self.prompt, options: GenerationOptions(maxTokens: nil))
        var iterator: GenerationStream.Iterator? = stream.makeAsyncIterator()
        #expect(try await iterator?.next() == expected.pieces[0])
        #expect(try await iterator?.next() == expected.pieces[1])
        #expect(stream.result == nil)
        iterator = nil
        #expect(session.serialized() == expected.session)
        #expect(stream.result?.finish == .cancelled)
        // An answer that is over stays so.
        for try await piece in stream { Issue.record("another piece: \(piece)") }
    }

    @Test("Nothing happens before the first piece is asked for")
    func lazy() async throws {
        let session = try model().makeSession()
        let stream = session.stream(Self.prompt)
        try session.feed([2, 3])
        _ = stream.makeAsyncIterator()
        for try await piece in stream { Issue.record("a piece: \(piece)") }
        #expect(stream.result == nil && session.position == 2)
    }

    @Test("A stream tells how far the prompt is")
    func progress() async throws {
        let model = try model(), prompt = String(repeating: "And it came to pass in those days, ", count: 100)
        func progress(_ generate: (@escaping @Sendable (Int, Int) -> Void) async throws -> Void) async throws -> [[Int]] {
            let calls = Guarded<[[Int]]>([])
            try await generate { done, total in calls.withLock { $0.append([done, total]) } }
            return calls.withLock { $0 }
        }
        let options = GenerationOptions(maxTokens: 2)
        let streamed = try await progress {
            for try await _ in try model.makeSession().stream(prompt, options: options, onProgress: $0) {}
        }
        let generated = try await progress {
            _ = try model.makeSession().generate(prompt, options: options, onProgress: $0) { _ in true }
        }
        // How a prompt is cut into passes depends on the time.
        #expect(streamed.count > 1 && streamed.last == generated.last)
        #expect(streamed.map { $0[0] } == streamed.map { $0[0] }.sorted())
    }

    @Test("Streams follow one another in a conversation")
    func conversation() async throws {
        let model = try model()
        let expected = try generated(model, GenerationOptions(maxTokens: 24))
        let session = try model.makeSession()
        var text = ""
        for prompt in [Self.prompt, "", ""] {
            for try await piece in session.stream(prompt, options: GenerationOptions(maxTokens: 8)) { text += piece }
        }
        #expect(text == expected.pieces.joined())
        #expect(session.serialized() == expected.session)
    }

    @Test("Errors of generate are thrown, once, and the session is as it was")
    func errors() async throws {
        let session = try model().makeSession()
        try session.feed([2, 3])
        for options in [GenerationOptions(maxTokens: -1), GenerationOptions(asChatTurn: true)] {
            let stream = session.stream(Self.prompt, options: options)
            var iterator = stream.makeAsyncIterator()
            let error = await #expect(throws: ModelError.self) { try await iterator.next() }
            #expect(error?.kind == .argument)
            #expect(try await iterator.next() == nil)
            #expect(stream.result == nil && session.position == 2)
        }
        try session.feed([4])
    }

    /// The loop's error is typed: nothing else has to be caught.
    private func text(_ session: Session, _ options: GenerationOptions) async throws(ModelError) -> String {
        var text = ""
        for try await piece in session.stream(Self.prompt, options: options) { text += piece }
        return text
    }

    @Test("Sessions of one model stream at once")
    func together() async throws {
        let model = try model()
        let options = GenerationOptions(maxTokens: 30)
        let expected = try generated(model, options).pieces.joined()
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<4 {
                let session = try model.makeSession()
                group.addTask { try await text(session, options) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(texts == Array(repeating: expected, count: 4))
    }

    /// Holds a conversation, as an actor would.
    private actor Conversation {
        let session: Session
        var text = ""

        init(_ session: sending Session) { self.session = session }

        func answer(_ prompt: String) async throws(ModelError) -> GenerationResult? {
            let stream = session.stream(prompt, options: GenerationOptions(maxTokens: 30))
            for try await piece in stream { text += piece }
            return stream.result
        }
    }

    @Test("An actor's session streams, and tells a second caller that it is in use")
    func actors() async throws {
        let model = try model()
        let conversation = Conversation(try model.makeSession())
        let results = await withTaskGroup(of: Result<GenerationResult?, ModelError>.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do throws(ModelError) {
                        return .success(try await conversation.answer(Self.prompt))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let finished = results.count { (try? $0.get()) != nil }
        for case .failure(let error) in results { #expect(error.kind == .argument) }
        #expect(finished >= 1)
        let text = try generated(model, GenerationOptions(maxTokens: 30)).pieces.joined()
        #expect(await conversation.text.hasPrefix(text))
    }
}
