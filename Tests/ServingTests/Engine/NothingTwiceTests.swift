import RGEdge
import System
import TestSupport
import Testing
import Text

@testable import Serving

@Suite("Nothing is computed twice")
struct NothingTwiceTests {
    private func questions(_ count: Int) -> [String] { (0..<count).map { "And what came to pass in the year \($0)?" } }

    /// Tokens that a turn adds to those of the turn before and its answer, as they come back.
    private func added(_ messages: [Message], _ test: TestEngine) throws -> Int {
        let whole = try test.engine.model.encode(messages).count
        return messages.count == 1 ? whole : whole - (try test.engine.model.encode(Array(messages.dropLast())).count)
    }

    @Test("A conversation of ten turns computes what is new of its prompts", arguments: [false, true])
    func tenTurns(restarts: Bool) throws {
        let folder = try TemporaryFolder()
        var test = try TestEngine(folder: folder.path)
        var messages: [Message] = []
        for question in questions(10) {
            messages.append(.user(question))
            let (text, totals) = try test.answer(messages)
            #expect(totals.computedTokens == (try added(messages, test)), "\(messages.count)")
            messages.append(.model(text))
            if restarts { test = try TestEngine(folder: folder.path) }
        }
    }

    @Test("An answer that is asked for again, and a question that is changed, go back to where they were")
    func rewinding() throws {
        let test = try TestEngine()
        var messages: [Message] = []
        for question in questions(4) {
            messages.append(.user(question))
            messages.append(.model(try test.answer(messages).text))
        }
        let again = Array(messages.dropLast())
        #expect(try test.answer(again, seed: 9).totals.computedTokens == 0)
        let edited = Array(messages.prefix(4)) + [.user("Something else?")]
        #expect(try test.answer(edited).totals.computedTokens == (try added(edited, test)))
    }

    @Test("An answer that a tokenizer spells otherwise than the model did is read once more, before it is needed")
    func unusualSpelling() throws {
        let test = try TestEngine()
        let question: [Message] = [.user("Tell of the king.")]
        // A stop text in the midst of words cuts tokens.
        let state = try test.submit(try test.request(question, tokens: 60, stop: ["d"])).wait()
        test.waitUntilIdle()
        let text = try #require(state.texts[0])
        let next = question + [.model(text), .user("And then?")]
        #expect(try test.answer(next).totals.computedTokens == (try added(next, test)))
        #expect(try test.answer(next).text == (try TestEngine().answer(next).text))
    }

    @Test("An answer of a given form that was cut short is gone on from as any other")
    func cutForm() throws {
        let test = try TestEngine()
        var request = try test.request([.user("Who?")], tokens: 7)
        request.format = .constrained(.jsonSchema(#"{"type":"array","items":{"type":"integer"}}"#))
        let text = try #require(try test.submit(request).wait().texts[0])
        test.waitUntilIdle()
        let next: [Message] = [.user("Who?"), .model(text), .user("And in words?")]
        let (answer, totals) = try test.answer(next)
        #expect(totals.computedTokens == (try added(next, test)))
        #expect(answer == (try TestEngine().answer(next).text))
    }

    @Test("Prompts that begin alike share the beginning, also while the first is read, and from where they parted on")
    func sharedBeginning() throws {
        let instructions = Message.system((0..<40).map { "Rule \($0): speak of the sons of Levi." }.joined(separator: " "))
        let test = try TestEngine(parallel: 4)
        let cut = try test.engine.model.encode([instructions, .user("x")]).count - 8
        let sinks = try questions(4).map { try test.submit(try test.request([instructions, .user($0)], cut: cut)) }
        for sink in sinks { sink.wait() }
        let counts = test.engine.figures.counts
        let own = try test.engine.model.encode([instructions, .user(questions(1)[0])]).count
        // One reads all of it, the others little more than their own words.
        #expect(counts.promptTokens - counts.reusedTokens < own + 4 * 32, "\(counts.promptTokens) \(counts.reusedTokens)")
        _ = try test.answer([instructions, .user("A fifth one?")])
        #expect(try test.answer([instructions, .user("Something else?")]).totals.computedTokens < 32)
    }

    @Test("The end of the instructions is kept for conversations that begin with the same")
    func instructions() throws {
        let instructions = Message.system((0..<40).map { "Rule \($0): speak of the sons of Levi." }.joined(separator: " "))
        let test = try TestEngine()
        let cut = try test.engine.model.encode([instructions] + [.user("x")]).count - 8
        try test.submit(try test.request([instructions, .user("Who?")], cut: cut)).wait()
        test.waitUntilIdle()
        #expect(try test.answer([instructions, .user("And what of him?")]).totals.computedTokens < 32)
    }

    @Test("A client that goes while its prompt is read, and asks again, goes on from there")
    func goneInPrompt() throws {
        let test = try TestEngine()
        let long = (0..<400).map { "In the year \($0) the people went out." }.joined(separator: " ")
        let sink = try test.submit(try test.request([.user(long)]))
        while sink.state.withLock({ $0.progress.last ?? 0 }) < 512 {}
        sink.leave()
        test.waitUntilIdle()
        let (text, totals) = try test.answer([.user(long)])
        #expect(totals.reusedTokens >= 512)
        #expect(text == (try TestEngine().answer([.user(long)]).text))
    }

    @Test("What was held back for a stop text when a client went is not lost for who asks again", arguments: 1...12)
    func goneBeforeStop(after parts: Int) throws {
        let test = try TestEngine()
        let question: [Message] = [.user("Tell of the flood.")]
        // Stop texts that begin in the midst of tokens, and seldom come.
        let stop = ["e zzz", "d zzz", "n zzz", "s zzz", " the zzz", "Lord", "and s"]
        let other = try TestEngine()
        let expected = try other.submit(try test.request(question, seed: 3, stop: stop)).wait().texts[0]
        try test.submit(try test.request(question, seed: 3, fingerprint: 5, stop: stop), CollectingSink(goesAfter: parts)).wait()
        test.waitUntilIdle()
        let state = try test.submit(try test.request(question, seed: 3, fingerprint: 5, stop: stop)).wait()
        #expect(state.texts[0] == expected)
    }

    @Test("The end of a prompt that another was stopped at can be gone on from")
    func endWhereAnotherStopped() throws {
        let test = try TestEngine(parallel: 2)
        let tokens = try test.engine.model.encode([.user((0..<300).map { "In the year \($0)." }.joined(separator: " "))])
        let session = try test.engine.model.makeSession()
        _ = try session.feedUntilCancelled(tokens[..<300], isCancelled: { session.position >= 256 })
        let position = Int(session.position)
        #expect(position > 0 && !session.hasLogits)
        test.engine.snapshots.keep(session, after: Array(tokens[..<position]), of: .everybody)
        var request = try test.request([.user("x")], count: 2)
        request.prompts = [.init(tokens: Array(tokens[..<position]), source: .tokens)]
        let state = try test.submit(request).wait()
        #expect(state.error == nil && state.texts.count == 2)
        #expect(test.engine.snapshots.longest(beginning: Array(tokens[..<position]), of: .everybody)?.count == position)
    }

    @Test("A client that goes during its answer, and asks again, gets what was made and the rest", arguments: [1, 7, 23])
    func goneInAnswer(after parts: Int) throws {
        let test = try TestEngine()
        let question: [Message] = [.user("Tell of the flood.")]
        let expected = try TestEngine().answer(question, seed: 3).text
        let sink = try test.submit(try test.request(question, seed: 3, fingerprint: 77), CollectingSink(goesAfter: parts))
        sink.wait()
        test.waitUntilIdle()
        let made = test.engine.figures.counts.generatedTokens
        #expect(made <= parts + 1)
        let state = try test.submit(try test.request(question, seed: 3, fingerprint: 77)).wait()
        #expect(state.texts[0] == expected)
        #expect(test.engine.figures.counts.generatedTokens == 24)
        #expect(state.totals?.generatedTokens == 24)
    }
}
