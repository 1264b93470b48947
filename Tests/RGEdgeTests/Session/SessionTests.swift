import AllocationCounter
import Foundation
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

@Suite("Session")
struct SessionTests {
    private func model(_ type: WeightType = .f32, threads: Int = 2) throws -> Model {
        try Model(path: try ConvertedModels.path("alpha", type), options: Model.Options(threads: threads))
    }

    private let tokens = (0..<100).map { UInt32($0 * 31 % 512) }

    private func logits(_ session: Session) throws -> [Float] { Array(try #require(session.logits)) }

    @Test("The logits are those after the last token, however it was fed")
    func feeding() throws {
        let model = try model()
        let whole = try model.makeSession()
        #expect(whole.logits == nil)
        try whole.feed(tokens)
        #expect(whole.position == 100)

        let single = try model.makeSession()
        for token in tokens { try single.consume(token) }
        #expect(try logits(single) == logits(whole))

        let each = try model.makeSession()
        var rows: [[Float]] = []
        try each.feed(tokens) { index, logits in
            #expect(index == rows.count)
            rows.append(Array(logits))
        }
        #expect(rows.count == 100)
        #expect(rows.last == (try logits(whole)))
        #expect(try logits(each) == logits(whole))

        let half = try model.makeSession()
        try half.feed(Array(tokens.prefix(50)))
        #expect(try logits(half) == rows[49])
    }

    @Test("No tokens change nothing")
    func nothing() throws {
        let session = try model().makeSession()
        try session.feed([])
        #expect(session.position == 0)
        #expect(session.logits == nil)
    }

    @Test("A token outside the vocabulary is refused, and the session untouched")
    func foreignToken() throws {
        let session = try model().makeSession()
        try session.feed(tokens)
        let before = try logits(session)
        let error = #expect(throws: ModelError.self) { try session.feed([1, 2, 512]) }
        #expect(error?.description == "token 512 (number 3) is outside the vocabulary of 512")
        #expect(error?.kind == .argument)
        #expect(throws: ModelError.self) { try session.feed([.max]) { _, _ in } }
        #expect(session.position == 100)
        #expect(try logits(session) == before)
    }

    @Test("Where the system has no memory for the logits of each token, that is an error, and nothing is fed")
    func noMemory() throws {
        let session = try model().makeSession()
        try session.feed(tokens)
        let before = try logits(session)
        allocation_refuse(100 * 512 * 4, 100 * 512 * 4)
        let error = #expect(throws: ModelError.self) {
            try session.feed(tokens) { _, _ in Issue.record("there is no room for logits") }
        }
        allocation_refuse(0, 0)
        #expect(error?.kind == .memory)
        #expect(error?.description == "no memory for the logits of 100 tokens; close other programs")
        #expect(session.position == 100)
        #expect(try logits(session) == before)
    }

    @Test("After a reset a session is as new")
    func reset() throws {
        let session = try model().makeSession()
        try session.feed(tokens)
        let first = try logits(session)
        session.reset()
        #expect(session.position == 0)
        #expect(session.logits == nil)
        try session.feed(tokens)
        #expect(try logits(session) == first)
    }

    @Test("Sessions of one model on several threads do not disturb each other")
    func concurrency() async throws {
        let model = try model(.q4)
        let alone = try model.makeSession()
        try alone.feed(tokens)
        let expected = try logits(alone)
        try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let session = try model.makeSession()
                    for token in self.tokens { try session.consume(token) }
                    return try self.logits(session)
                }
            }
            for try await result in group { #expect(result == expected) }
        }
    }

    @Test("Choosing and feeding a token allocates nothing")
    func noAllocation() throws {
        let session = try model(.q4, threads: 1).makeSession()
        try session.feed(tokens)
        let sampling = Sampling(temperature: 1, topK: 40, topP: 0.9, minP: 0.01, repetitionPenalty: 1.1)
        func step() throws {
            guard let logits = session.logits?.baseAddress else { return }
            if let token = session.sampler.next(logits, recent: session.recent, position: session.position, sampling) {
                try session.consume(token)
            }
        }
        try step()
        let before = allocation_count()
        for _ in 0..<100 { try step() }
        #expect(allocation_count() == before)
        #expect(session.position == 201)
    }

    @Test("A model names what is wrong with its options")
    func options() throws {
        let path = try ConvertedModels.path("alpha", .f32)
        for threads in [0, -1, 5000] {
            #expect(throws: ModelError.self) { try Model(path: path, options: Model.Options(threads: threads)) }
        }
        let error = #expect(throws: ModelError.self) { try Model(path: path, options: Model.Options(kernels: "mmx")) }
        #expect(error?.description.contains("mmx") == true)
        #expect(error?.description.contains("scalar") == true)
    }

    @Test("A model says what it takes")
    func figures() throws {
        let model = try model(.q4)
        #expect(model.threads == 2)
        #expect(model.mappedBytes == model.file.byteCount)
        #expect(model.parameterCount > 1_000_000)
        #expect(!model.isInstructionTuned)
        #expect(model.tokenizer.byteCount > 10_000 && model.sharedBytes > model.tokenizer.byteCount)
        // State: 6 recurrent layers of 4 × 128 f32, twice for the way back; 2 attention layers with rings of 16 keys and values of
        // 64 f16, and an exponent of each; then logits, the next ones, with what they come from beside each, and the sampler.
        #expect(model.sessionBytes == 2 * 6 * 4 * 128 * 4 + 2 * 2 * 16 * (64 * 2 + 1) + 2 * (512 + 128) * 4 + 512 * 8)
    }
}

@Suite("The end of a session")
struct SessionEndTests {
    @Test("A session consumes as many tokens as a file can hold the number of, and no more, whoever feeds it")
    func limit() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q8), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        try session.feed([5])
        session.memory.state.restore(position: Session.positionLimit - 20)
        let before = session.serialized()
        let tooMany = [UInt32](repeating: 7, count: 21)
        for attempt: () throws -> Void in [
            { try session.feed(tooMany) }, { try model.feed([tooMany], to: [session]) },
            { try session.feed(tooMany, eachLogits: { _, _ in }) },
            { _ = try session.generate(String(repeating: "and ", count: 40), options: GenerationOptions()) { _ in true } },
        ] {
            let error = #expect(throws: ModelError.self) { try attempt() }
            #expect(error?.kind == .argument)
            #expect(session.serialized() == before)
        }
        try session.feed(tooMany.dropLast())
        #expect(session.position == Session.positionLimit)
        for lookup in [0, 4] {
            #expect(throws: ModelError.self) {
                try session.generate("", options: GenerationOptions(lookup: lookup)) { _ in true }
            }
        }
    }
}
