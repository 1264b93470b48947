import AllocationCounter
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

@Suite("Looking ahead")
struct LookaheadTests {
    private func drafts(after next: UInt32, in tokens: [UInt32], count: Int = 4) -> [UInt32] {
        var recent = RecentTokens()
        for token in tokens { recent.append(token) }
        return [UInt32](unsafeUninitializedCapacity: count) { buffer, written in
            written = recent.draft(after: next, to: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        }
    }

    @Test("Drafts are what followed the same words before")
    func drafting() {
        #expect(drafts(after: 3, in: []) == [])
        #expect(drafts(after: 3, in: [1, 2, 4, 5]) == [])
        // A single token is not a match; two are.
        #expect(drafts(after: 3, in: [9, 3, 4, 5, 6, 7, 8]) == [])
        #expect(drafts(after: 3, in: [9, 3, 4, 5, 6, 7, 9]) == [4, 5, 6, 7])
        // The longest match is preferred to the last one.
        #expect(drafts(after: 3, in: [1, 2, 3, 10, 11, 12, 13, 5, 2, 3, 20, 21, 22, 1, 2]) == [10, 11, 12, 13])
        // Of equally long ones, the last.
        #expect(drafts(after: 3, in: [2, 3, 10, 11, 5, 2, 3, 20, 21, 6, 2]) == [20, 21, 6, 2])
        // Up to the end, and on from there: a text that goes in circles.
        #expect(drafts(after: 3, in: [1, 2, 3, 1, 2], count: 7) == [1, 2, 3, 1, 2, 3, 1])
        #expect(drafts(after: 7, in: [7, 7]) == [7, 7, 7, 7])
    }

    @Test("Matches are found in all that is kept, also when the ring has gone round")
    func draftingInARing() {
        let tokens = [1, 2, 3, 4, 5, 6] + (0..<4000).map { UInt32(100 + $0) } + [1, 2]
        #expect(drafts(after: 3, in: tokens) == [4, 5, 6, 100])
        #expect(drafts(after: 3, in: [UInt32](repeating: 9, count: 4096) + tokens) == [4, 5, 6, 100])
        // 1, 2, 3 have gone.
        #expect(drafts(after: 3, in: tokens.dropLast(2) + (0..<100).map { 9000 + $0 } + [1, 2]) == [])
    }

    /// An answer, and where it leaves the session.
    private func answer(
        _ model: Model, _ prompt: String, _ options: GenerationOptions, stopping: (String) -> Bool = { _ in false }
    ) throws -> (text: String, result: GenerationResult, session: [UInt8]) {
        let session = try model.makeSession()
        var text = ""
        let result = try session.generate(prompt, options: options) {
            text += $0
            return !stopping(text)
        }
        #expect(session.lookahead == nil)
        return (text, result, session.serialized())
    }

    /// Text that repeats itself, so that there is something to find.
    private let psalm = """
        Praise ye the LORD. Praise God in his sanctuary: praise him in the firmament of his power. Praise him for his mighty acts: \
        praise him according to his excellent greatness. Praise him with the sound of the trumpet: praise him with the
        """

    @Test(
        "The text, the finish and the session are the same as without",
        arguments: [WeightType.f32, .q4], [1, 2, 8, 64])
    func sameText(type: WeightType, lookup: Int) throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", type), options: Model.Options(threads: 2))
        let variants: [(String, GenerationOptions)] = [
            ("greedy", GenerationOptions(maxTokens: 150)),
            ("sampled", GenerationOptions(sampling: Sampling(temperature: 0.7, topK: 40, seed: 11), maxTokens: 150)),
            (
                "penalized",
                GenerationOptions(sampling: Sampling(temperature: 0.9, topP: 0.9, repetitionPenalty: 1.2, seed: 3), maxTokens: 100)
            ),
            ("stopped", GenerationOptions(maxTokens: 150, stop: ["Praise him upon", "of the LORD: and", "trumpets of"])),
        ]
        var drafted = 0
        for (name, plain) in variants {
            var options = plain
            options.lookup = lookup
            let expected = try answer(model, psalm, plain)
            let found = try answer(model, psalm, options)
            #expect(found.text == expected.text, "\(name)")
            #expect(found.result.finish == expected.result.finish, "\(name)")
            #expect(found.result.generatedTokens == expected.result.generatedTokens, "\(name)")
            #expect(found.session == expected.session, "\(name)")
            #expect(expected.result.draftedTokens == 0)
            #expect(found.result.acceptedTokens <= found.result.draftedTokens)
            drafted += found.result.draftedTokens
        }
        #expect(drafted > 0)
    }

    @Test("A caller who stops in the middle gets the session as without")
    func cancelled() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q4))
        for length in [1, 30, 77, 150] {
            let expected = try answer(model, psalm, GenerationOptions(maxTokens: 100)) { $0.utf8.count >= length }
            let found = try answer(model, psalm, GenerationOptions(maxTokens: 100, lookup: 8)) { $0.utf8.count >= length }
            #expect(found.text == expected.text)
            #expect(found.result.finish == expected.result.finish)
            #expect(found.session == expected.session)
        }
    }

    @Test("A caller who forks, saves or looks in the middle sees what has been shown")
    func middle() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q4))
        func snapshots(lookup: Int) throws -> [[UInt8]] {
            let session = try model.makeSession()
            var snapshots: [[UInt8]] = []
            _ = try session.generate(psalm, options: GenerationOptions(maxTokens: 40, lookup: lookup)) { _ in
                if let fork = try? session.fork(), fork.position == session.position, snapshots.count % 3 == 0 {
                    #expect(fork.serialized() == session.serialized())
                    #expect(fork.logits.map { Array($0) } == session.logits.map { Array($0) })
                }
                snapshots.append(snapshots.count % 3 == 0 ? session.serialized() : [])
                return true
            }
            return snapshots
        }
        #expect(try snapshots(lookup: 8) == snapshots(lookup: 0))
    }

    @Test("Text in circles is guessed")
    func circles() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q8), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        let lookahead = try Lookahead(model: model, drafts: 8)
        session.lookahead = lookahead
        for token in (0..<400).map({ UInt32($0 % 7) }) { try session.consume(token) }
        session.endLookahead()
        // Whether it pays, and so how often it is done, depends on the machine.
        #expect(lookahead.accepted > 0)
        #expect(lookahead.accepted <= lookahead.drafted)
        let plain = try model.makeSession()
        for token in (0..<400).map({ UInt32($0 % 7) }) { try plain.consume(token) }
        #expect(session.serialized() == plain.serialized())
    }

    @Test("Feeding with guesses allocates nothing")
    func noAllocation() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        session.lookahead = try Lookahead(model: model, drafts: 8)
        for index in 0..<50 { try session.consume(UInt32(index % 7)) }
        let before = allocation_count()
        for index in 50..<300 { try session.consume(UInt32(index % 7)) }
        #expect(allocation_count() == before)
    }

    @Test("Where the system has no memory for it, that is an error, and nothing is fed")
    func noMemory() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q8), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        try session.feed([1, 2, 3])
        let before = session.serialized()
        // 65 times the logits.
        allocation_refuse(65 * 512 * 4, 65 * 512 * 4)
        let error = #expect(throws: ModelError.self) {
            try session.generate("a", options: GenerationOptions(lookup: 64)) { _ in true }
        }
        allocation_refuse(0, 0)
        #expect(error?.kind == .memory)
        #expect(error?.description == "no memory to look 64 tokens ahead; look ahead less, or close other programs")
        #expect(session.serialized() == before)
    }

    @Test("Numbers that make no sense are refused", arguments: [-1, 65])
    func refusals(lookup: Int) throws {
        let session = try Model(path: try ConvertedModels.path("alpha", .q8)).makeSession()
        let error = #expect(throws: ModelError.self) {
            try session.generate("a", options: GenerationOptions(lookup: lookup)) { _ in true }
        }
        #expect(error?.description == "looking \(lookup) tokens ahead is not possible; give a number in 0…64")
        #expect(session.position == 0)
    }
}
