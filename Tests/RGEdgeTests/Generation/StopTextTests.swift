import AllocationCounter
import ModelTestSupport
import Testing

@testable import RGEdge

/// Where a session stands after an answer that a stop text ended.
@Suite("Stop texts")
struct StopTextTests {
    private let model: Model

    init() throws { model = try Model(path: try ConvertedModels.path("tiny-en", .f32)) }

    /// What is known of an answer: what was shown, and the session afterwards.
    private struct Answer {
        let text: String
        let result: GenerationResult
        let session: Session
    }

    private func answer(
        _ prompt: String = "In the beginning", maxTokens: Int = 48, stop: [String] = [],
        while goesOn: (String) -> Bool = { _ in true }
    ) throws -> Answer {
        let session = try model.makeSession()
        var text = ""
        let result = try session.generate(prompt, options: GenerationOptions(maxTokens: maxTokens, stop: stop)) {
            text += $0
            return goesOn(text)
        }
        return Answer(text: text, result: result, session: session)
    }

    /// The tokens of the answer without any stop, each with where its text begins.
    private func tokens() throws -> [(token: UInt32, start: Int)] {
        let session = try model.makeSession()
        try session.feed([model.configuration.bos] + model.encoder().encode("In the beginning", controls: .asText))
        var tokens: [(token: UInt32, start: Int)] = []
        var bytes = 0
        for _ in 0..<48 {
            let logits = try #require(session.logits)
            let best = try #require(logits.indices.max { logits[$0] < logits[$1] })
            tokens.append((UInt32(best), bytes))
            bytes += model.tokenizer.decode([UInt32(best)]).count
            try session.consume(UInt32(best))
        }
        return tokens
    }

    /// " of the craftsman, and the firstfruits of the earth is the crown of the LORD: and the priest
    /// shall pronounce him unclean, …"
    @Test(
        "The session ends after the last token of which something was shown",
        arguments: [
            "LORD", " the crown", "craftsman, and", "rown of the L", ":",
            "the firstfruits of the earth is the crown of the LORD: and the priest", " of",
            " of the craftsman, and the firstfruits", "f the",
        ])
    func place(stop: String) throws {
        let stopped = try answer(stop: ["of the earth is the moon", stop])
        #expect(stopped.result.finish == .stop)
        #expect(!stopped.text.contains(stop))
        let shown = try tokens().filter { $0.start < stopped.text.utf8.count }.map(\.token)
        let expected = try model.makeSession()
        try expected.feed([model.configuration.bos] + model.encoder().encode("In the beginning", controls: .asText))
        try expected.feed(shown)
        #expect(stopped.session.position == expected.position)
        #expect(stopped.session.serialized() == expected.serialized())
    }

    @Test("What could have become a stop text but didn't changes nothing")
    func nearMisses() throws {
        let plain = try answer()
        let held = try answer(stop: [" of the crown", "the LORD: and the people", " and shall be put to life"])
        #expect(held.text == plain.text)
        #expect(held.session.serialized() == plain.session.serialized())
    }

    @Test("A caller who stops where text is held back keeps the tokens shown")
    func cancelled() throws {
        // " of the c" is shown at once when "r" makes clear that it isn't the stop text; the caller stops there.
        let stopped = try answer(stop: [" of the clouds"]) { _ in false }
        #expect(stopped.result.finish == .cancelled)
        let shown = try tokens().filter { $0.start < stopped.text.utf8.count }.map(\.token)
        #expect(!shown.isEmpty)
        #expect(stopped.session.memory.recent.oldestFirst.suffix(shown.count) == shown[...])
        #expect(stopped.session.position == Int64(stopped.result.promptTokens + shown.count))
    }

    @Test("Cancelled while text is held back, nothing of it stays")
    func cancelledWhileHeld() throws {
        let session = try model.makeSession()
        // Once for the prompt.
        var asked = -1
        let result = try session.generate(
            "In the beginning", options: GenerationOptions(maxTokens: 48, stop: [" of the clouds"]),
            isCancelled: {
                asked += 1
                return asked == 3
            },
            onText: { _ in
                Issue.record("all is held back")
                return true
            })
        #expect(result.finish == .cancelled)
        #expect(result.generatedTokens == 2)
        let expected = try model.makeSession()
        try expected.feed([model.configuration.bos] + model.encoder().encode("In the beginning", controls: .asText))
        #expect(session.serialized() == expected.serialized())
    }

    @Test("Text that always may be about to stop is generated without end and without more memory")
    func alwaysHeld() throws {
        let session = try model.makeSession()
        let token = try #require(model.encoder().encode("a", controls: .asText).first)
        try session.feed([token])
        var held = try HeldTokens(of: session, longestStop: 2)
        let plain = try model.makeSession()
        try plain.feed([token])
        // Each token has one byte, of which the last two are held back.
        func step(_ index: Int) throws { try held.hold(token, start: index, shown: max(0, index - 1), in: session) }
        for index in 0..<200 { try step(index) }
        let before = allocation_count()
        for index in 200..<1000 { try step(index) }
        #expect(allocation_count() == before)
        try plain.feed([UInt32](repeating: token, count: 1000))
        #expect(session.serialized() == plain.serialized())
        try held.takeBack(shown: 990, in: session)
        let end = try model.makeSession()
        try end.feed([UInt32](repeating: token, count: 991))
        #expect(session.serialized() == end.serialized())
    }

    @Test("Tokens that add no text are generated without end and without more memory, too")
    func alwaysEmpty() throws {
        let session = try model.makeSession()
        let token: UInt32 = 0
        try session.feed([token])
        var held = try HeldTokens(of: session, longestStop: 3)
        func step() throws { try held.hold(token, start: 5, shown: 5, in: session) }
        for _ in 0..<1500 { try step() }
        let before = allocation_count()
        for _ in 0..<1500 { try step() }
        #expect(allocation_count() == before)
        // Whenever there were more than are kept, all of them have become ones that stay.
        try held.takeBack(shown: 5, in: session)
        let kept = 1 + 3000 / (3 + 1024 + 1) * (3 + 1024 + 1)
        #expect(session.position == Int64(kept))
        let plain = try model.makeSession()
        try plain.feed([UInt32](repeating: token, count: kept))
        #expect(session.serialized() == plain.serialized())
    }
}
