import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

@Suite("Stopping, and how far a prompt is")
struct StoppingTests {
    private let model: Model
    private let tokens = (0..<700).map { UInt32($0 * 31 % 509) }

    init() throws {
        model = try Model(path: try ConvertedModels.path("alpha", .q8), options: Model.Options(threads: 1))
    }

    private func session(isLater: Bool) throws -> Session {
        let session = try model.makeSession()
        if isLater { try session.feed([2, 40, 41, 42]) }
        return session
    }

    /// A question that is answered with yes at the n-th time, from 0 on.
    private final class Patience {
        private(set) var asked = 0
        let limit: Int
        init(_ limit: Int) { self.limit = limit }

        func isOver() -> Bool {
            asked += 1
            return asked > limit
        }
    }

    @Test("Stopped before any of its passes, a feed leaves the session as it was", arguments: [false, true])
    func stoppedFeed(isLater: Bool) throws {
        let session = try session(isLater: isLater)
        let before = session.serialized()
        for passes in 0..<3 {
            let patience = Patience(passes)
            var done = 0
            let error = #expect(throws: ModelError.self) {
                try session.feed(tokens, isCancelled: patience.isOver) { now, _ in done = now }
            }
            #expect(error?.kind == .cancelled)
            #expect(error?.description == "stopped by its caller: none of the 700 tokens were fed")
            #expect(patience.asked == passes + 1 && (done > 0) == (passes > 0) && done < tokens.count)
            let isAsBefore = session.serialized() == before
            #expect(isAsBefore)
        }
        // One pass alone is stopped before it as well.
        #expect(throws: ModelError.self) { try session.feed([5], isCancelled: { true }) }
        for passes in 0..<2 {
            let patience = Patience(passes)
            let error = #expect(throws: ModelError.self) {
                try session.feed(tokens, eachLogits: { _, _ in }, isCancelled: patience.isOver)
            }
            #expect(error?.kind == .cancelled)
        }
        let isAsBefore = session.serialized() == before
        #expect(isAsBefore)

        let plain = try self.session(isLater: isLater)
        try plain.feed(tokens)
        try session.feed(tokens, isCancelled: { false })
        let isAsPlain = session.serialized() == plain.serialized()
        #expect(isAsPlain)
    }

    /// What `onProgress` is told must rise with each pass, from above `start` to all.
    private func check(_ seen: [(done: Int, total: Int)], total: Int, from start: Int = 0) {
        #expect(seen.allSatisfy { $0.total == total })
        #expect(seen.last?.done == total)
        let steps = zip([(done: start, total: total)] + seen, seen).map { $1.done - $0.done }
        #expect(steps.allSatisfy { (1...model.chunkCapacity).contains($0) })
    }

    @Test("A feed tells after each pass how far it is, and asks before each", arguments: [1, 256, 257, 700])
    func progressOfFeed(count: Int) throws {
        let session = try session(isLater: true)
        var seen: [(done: Int, total: Int)] = []
        var asked = 0
        try session.feed(
            Array(tokens.prefix(count)),
            isCancelled: {
                #expect(asked == seen.count)
                asked += 1
                return false
            },
            onProgress: { seen.append(($0, $1)) })
        #expect(asked == seen.count)
        check(seen, total: count)
    }

    private let prompt = String(repeating: "And it came to pass in those days, ", count: 40)

    @Test("A prompt tells the same, with what the cache had", arguments: [false, true])
    func progressOfPrompt(hasCache: Bool) throws {
        let folder = try TemporaryFolder()
        var options = GenerationOptions(maxTokens: 0)
        if hasCache { options.cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 30, model: model) }
        for isAgain in [false, true] {
            var seen: [(done: Int, total: Int)] = []
            let result = try model.makeSession().generate(
                prompt, options: options, onProgress: { seen.append(($0, $1)) }, onText: { _ in true })
            if isAgain, hasCache {
                #expect(seen.first?.done == result.reusedTokens && result.reusedTokens > 0)
                check(Array(seen.dropFirst()), total: result.promptTokens, from: result.reusedTokens)
            } else {
                check(seen, total: result.promptTokens)
            }
        }
    }

    @Test("A prompt of one pass is stopped before it", arguments: [false, true])
    func shortPrompt(isLater: Bool) throws {
        let session = try session(isLater: isLater)
        let before = session.serialized()
        let result = try session.generate(
            "Hi", options: GenerationOptions(maxTokens: 3), isCancelled: { true },
            onProgress: { _, _ in Issue.record("nothing is read") }, onText: { _ in true })
        #expect(result.finish == .cancelled && result.promptTokens == 0 && result.generatedTokens == 0)
        let isAsBefore = session.serialized() == before
        #expect(isAsBefore)
    }
}
