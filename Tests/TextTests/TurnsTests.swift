import System
import TestSupport
import Testing

@testable import Text

/// Conversations of messages, in turns and in tokens.
@Suite struct TurnsTests {
    let tokenizer: Tokenizer
    let encoder: Tokenizer.Encoder

    init() throws {
        tokenizer = try Tokenizer(.gemmaLike)
        encoder = try tokenizer.encoder()
    }

    func encode(_ messages: [Message], _ template: ChatTemplate = .gemma) throws -> [UInt32] {
        try template.encode(try Turns(messages), with: encoder)
    }

    /// What SentencePiece itself makes of a whole text, marks and all.
    func whole(_ text: String) throws -> [UInt32] { try encoder.encode(text, controls: .parsed) }

    @Test func conversationsHaveTheTokensOfTransformers() throws {
        let tokenizer = try TokenizerTests.load()
        let encoder = try tokenizer.encoder()
        let roles: [String: Message.Role] = ["system": .system, "user": .user, "model": .model]
        let reference = try ReferenceChat.load().messages
        #expect(reference.count > 40 && reference.contains { $0.messages.last?.role == "model" })
        for conversation in reference {
            let messages = try conversation.messages.map { Message(try #require(roles[$0.role]), $0.text) }
            let tokens = try ChatTemplate.gemma.encode(try Turns(messages), with: encoder)
            #expect([tokenizer.bos] + tokens == conversation.tokens, "\(messages)")
        }
    }

    @Test func turnsHaveTheTokensOfTheWholeText() throws {
        var source = TextSource(seed: 51)
        func text() -> String {
            while true {
                let text = source.text()
                if !TextSource.marks.contains(where: text.contains) { return text }
            }
        }
        for count in (1...6).flatMap({ Array(repeating: $0, count: 60) }) {
            var messages: [Message] = [], written = ""
            for turn in 0..<count {
                let text = text()
                messages.append(Message(turn % 2 == 0 ? .user : .model, text))
                written += "<start_of_turn>\(turn % 2 == 0 ? "user" : "model")\n\(text.trimmed)"
                if turn % 2 == 0 || turn < count - 1 { written += "<end_of_turn>\n" }
            }
            if count % 2 == 1 { written += "<start_of_turn>model\n" }
            let encoded = try encode(messages)
            #expect(try encoded == whole(written), "\(written.debugDescription)")
        }
    }

    @Test func marksInMessagesAreText() throws {
        var source = TextSource(seed: 52)
        for _ in 0..<300 {
            func text() -> String { source.text(with: TextSource.marks + TextSource.controls).trimmed }
            let (system, user, model, next) = (text(), text(), text(), text())
            let tokens = try encode([.system(system), .user(user), .model(model), .user(next)])
            #expect(tokens.filter(tokenizer.isControl) == [106, 107, 106, 107, 106, 107, 106])
            let words = Turns.folded([system], into: user)
            #expect(tokenizer.decode(tokens) == Array("user\n\(words)\nmodel\n\(model)\nuser\n\(next)\nmodel\n".utf8))
        }
    }

    @Test func systemMessagesBeginTheNextTurnOfTheUser() throws {
        #expect(try Turns([.system(" a\n"), .system("b"), .user(" c ")]).users == ["a\n\nb\n\nc"])
        #expect(try Turns([.user("a"), .model("b"), .system("c"), .user("d")]).users == ["a", "c\n\nd"])
        #expect(try Turns([.system(" "), .user("a")]).users == ["a"])
        #expect(try Turns([.system("a"), .user("\n")]).users == ["a"])
    }

    static let mistakes: [([Message], String)] = [
        ([], "the conversation: has no messages; give one of the user's"),
        (
            [.system("a")],
            "message 1: the system's, and none of the user's follows it; put it before one: it becomes the beginning of the user's turn"
        ),
        (
            [.user("a"), .system("b"), .model("c")],
            "message 2: the system's, and none of the user's follows it; put it before one: it becomes the beginning of the user's turn"
        ),
        (
            [.user("a"), .model("b"), .system("c")],
            "message 3: the system's, and none of the user's follows it; put it before one: it becomes the beginning of the user's turn"
        ),
        (
            [.user("a"), .user("b")],
            "message 2: the user's, right after another of the user's; turns of user and model alternate: join the two, or leave one out"
        ),
        (
            [.user("a"), .model("b"), .model("c")],
            "message 3: the model's, right after another of the model's; turns of user and model alternate, and the user's is the first"
        ),
        (
            [.model("b")],
            "message 1: the model's, before any of the user's; turns of user and model alternate, and the user's is the first"
        ),
    ]

    @Test(arguments: mistakes) func whatNoTemplateWritesIsRefused(_ messages: [Message], _ sentence: String) {
        let error = #expect(throws: FileProblem.self) { try Turns(messages) }
        #expect(error?.description == sentence)
        #expect(error?.kind == .option)
    }

    @Test func aTemplateWithoutMarksJoinsWhatItCan() throws {
        let template = try ChatTemplate("Q: {text}\nA: ", path: "model.rgq")
        let encoded = try encode([.user("x"), .model("y"), .user("z")], template)
        #expect(try encoded == encoder.encode("Q: x\nA: yQ: z\nA: "))
        #expect(template.opening == nil && ChatTemplate.gemma.opening == "model\n")
    }

    @Test func anAnswerMayShareATokenWithTheTemplate() throws {
        let template = try ChatTemplate("<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>the", path: "model.rgq")
        let apart = try encoder.encode("the") + encoder.encode("m"), together = try encoder.encode("them")
        try #require(apart != together)
        let encoded = try encode([.user("x"), .model("m"), .user("y")], template)
        #expect(
            try encoded
                == whole(
                    "<start_of_turn>user\nx<end_of_turn>\n<start_of_turn>them<end_of_turn>\n"
                        + "<start_of_turn>user\ny<end_of_turn>\n<start_of_turn>the"))
    }
}
