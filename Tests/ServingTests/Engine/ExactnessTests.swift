import RGEdge
import TestSupport
import Testing
import Text

@testable import Serving

@Suite("The same request has the same answer")
struct ExactnessTests {
    private let questions = (0..<17).map { "What did they say on day \($0) of the \($0 % 3 == 0 ? "feast" : "war")?" }

    private func alone(_ messages: [Message], seed: UInt64) throws -> String {
        try TestEngine().answer(messages, seed: seed).text
    }

    @Test("Alone and among 16 others, with one thread or two")
    func amongOthers() throws {
        let expected = try questions.enumerated().map { try alone([.user($1)], seed: UInt64($0)) }
        #expect(Set(expected).count > 10)
        for threads in [1, 2] {
            let test = try TestEngine(parallel: 17, threads: threads)
            let sinks = try questions.enumerated().map {
                try test.submit(try test.request([.user($1)], seed: UInt64($0)))
            }
            for (sink, text) in zip(sinks, expected) { #expect(sink.wait().texts[0] == text) }
        }
    }

    @Test("From a snapshot, from a file after a restart, and without either")
    func fromWhatIsKept() throws {
        let folder = try TemporaryFolder()
        var messages: [Message] = [.system("Be brief."), .user(questions[0])]
        let kept = try TestEngine(folder: folder.path)
        for turn in 1..<6 {
            let (text, _) = try kept.answer(messages, seed: UInt64(turn))
            #expect(try alone(messages, seed: UInt64(turn)) == text, "turn \(turn)")
            let restarted = try TestEngine(folder: folder.path)
            #expect(try restarted.answer(messages, seed: UInt64(turn)).text == text, "turn \(turn), after a restart")
            messages += [.model(text), .user(questions[turn])]
        }
    }

    @Test("Each of several answers is that of its own seed, the prompt read once")
    func severalAnswers() throws {
        let test = try TestEngine(parallel: 3)
        let state = try test.submit(try test.request([.user(questions[1])], seed: 5, count: 4)).wait()
        for choice in 0..<4 { #expect(try alone([.user(questions[1])], seed: 5 + UInt64(choice)) == state.texts[choice]) }
        #expect(Set(state.texts.values).count > 1)
        #expect(test.engine.figures.counts.promptTokens - test.engine.figures.counts.reusedTokens == state.totals?.promptTokens)
    }

    @Test("What is kept of one owner is not gone on with by another")
    func owners() throws {
        let folder = try TemporaryFolder()
        let test = try TestEngine(folder: folder.path), first = Owner(word: "a1"), second = Owner(word: "b2")
        let messages: [Message] = [.user(questions[2])]
        #expect(try test.answer(messages, owner: first).totals.reusedTokens == 0)
        #expect(try test.answer(messages, owner: second).totals.reusedTokens == 0)
        #expect(try test.answer(messages, owner: first).totals.computedTokens == 0)
        let restarted = try TestEngine(folder: folder.path)
        let longer = messages + [.model("They said so."), .user("Why?")]
        #expect(try restarted.answer(longer, owner: Owner(word: "c3")).totals.reusedTokens == 0)
    }
}
