import ModelTestSupport
import TestSupport
import Testing
import Text

@testable import RGEdge

/// Answers that have been begun, cut or given up.
extension MessagesTests {
    @Test("A last message of the model's is the beginning of its answer")
    func prefilled() throws {
        let session = try model.makeSession()
        let messages = first + [.model(" The son of ")]
        let options = GenerationOptions(sampling: Sampling(temperature: 1, seed: 9), maxTokens: 8)
        let answer = try generate(session, messages, options)
        #expect(answer.result.reusedTokens == 0)
        let byHand = try model.makeSession()
        try byHand.feed(
            [model.configuration.bos]
                + model.encode(
                    "<start_of_turn>user\nBe brief.\n\nWho was Moses?<end_of_turn>\n<start_of_turn>model\nThe son of",
                    controls: .parsed))
        var text = ""
        _ = try byHand.generate("", options: options) {
            text += $0
            return true
        }
        #expect(answer.text == text)
        // The whole answer comes back, to be continued, and then to be answered.
        let whole = first + [.model("The son of" + text)]
        let next = try generate(session, whole, options)
        #expect(next.result.reusedTokens == next.result.promptTokens)
        let question = first + [.model("The son of" + text + next.text), .user("Who?")]
        let position = session.position
        #expect(try generate(session, question).result.reusedTokens == Int(position))
    }

    /// A session that was fed a question and the beginning of an answer, as if that had been cut there.
    private func cut(after text: String) throws -> Session {
        let session = try model.makeSession()
        try session.feed(try model.encode([.user("Who?")]) + model.encode(text))
        return session
    }

    @Test("White space at the end of an answer that is to go on is not there", arguments: ["P provth\n", "P \n\n", "P\u{3000}"])
    func whiteSpaceBeforeMore(text: String) throws {
        let begun: [Message] = [.user("Who?"), .model(text)]
        let session = try cut(after: text)
        try generate(session, begun)
        try expectFresh(session, begun)
        // What comes back is what the session has, not what it once had.
        try session.feed(try model.encode("eth"))
        let position = Int(session.position)
        #expect(
            try generate(session.fork(), [.user("Who?"), .model(text.trimmed + "eth"), .user("And?")]).result.reusedTokens
                == position)
        #expect(try generate(session, [.user("Who?"), .model(text + "eth"), .user("And?")]).result.reusedTokens == 0)

        // An answer that is over stays as it was made, and is known by all of it if it goes on nevertheless.
        let over = try cut(after: text), end = Int(over.position)
        #expect(try generate(over, begun + [.user("And?")]).result.reusedTokens == end)
        let more = try cut(after: text + "eth"), whole = Int(more.position)
        #expect(try generate(more, [.user("Who?"), .model(text + "eth")]).result.reusedTokens == whole)
    }

    @Test(
        "White space of an answer that was given up is not kept under another, or under none",
        arguments: ["\n", "  ", "\u{3000}\n"])
    func whiteSpaceGivenUp(text: String) throws {
        let question: [Message] = [.user("Who?")], answered = question + [.model("He was a man.")]
        for messages in [question, question + [.model("")], answered, answered + [.user("And?")]] {
            let session = try cut(after: text)
            #expect(try generate(session, messages).result.promptTokens == Int(session.position))
            try expectFresh(session, messages)
        }
        let session = try cut(after: text), position = Int(session.position)
        #expect(try generate(session, question + [.model(text), .user("And?")]).result.reusedTokens == position)
    }

    @Test("After a stop text that ends or begins within a token, the conversation is found again", arguments: [0, 8])
    func stoppedWithinTokens(lookup: Int) throws {
        var count = 0
        for seed in 0..<24 as Range<UInt64> {
            var options = GenerationOptions(sampling: Sampling(temperature: 1, seed: seed), maxTokens: 60, lookup: lookup)
            options.stop = ["he", "a b", "of t"]
            let session = try model.makeSession()
            let answer = try generate(session, first, options), position = Int(session.position)
            let tokens = session.memory.recent.oldestFirst.dropFirst(answer.result.promptTokens)
            guard answer.result.finish == .stop, model.tokenizer.decode(Array(tokens)) != Array(answer.text.utf8) else { continue }
            count += 1
            let asked = first + [.model(answer.text), .user("And?")]
            #expect(try generate(session.fork(), asked).result.reusedTokens == position)
            // If the answer is to go on, what was not shown can't be there.
            let begun = first + [.model(answer.text)]
            try generate(session, begun)
            try expectFresh(session, begun)
        }
        #expect(count > 6)
    }
}
