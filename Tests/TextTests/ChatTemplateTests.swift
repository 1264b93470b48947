import System
import TestSupport
import Testing

@testable import Text

@Suite struct ChatTemplateTests {
    let tokenizer: Tokenizer
    let encoder: Tokenizer.Encoder

    init() throws {
        tokenizer = try Tokenizer(.gemmaLike)
        encoder = try tokenizer.encoder()
    }

    /// What SentencePiece itself makes of a whole text, marks and all.
    func whole(_ text: String) throws -> [UInt32] { try encoder.encode(text, controls: .parsed) }

    @Test func gemmasTemplateIsKnown() throws {
        #expect(ChatTemplate.gemma.text == "<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n")
        #expect(try ChatTemplate(ChatTemplate.gemma.text, path: "model.rgq") == .gemma)
    }

    @Test func aTurnHasTheTokensOfTheWholeText() throws {
        var source = TextSource(seed: 41)
        let edges = ["", "\n", "\n\nx\n\n", " x ", "\t", "hi"]
        for text in edges + (0..<500).map({ _ in source.text() }) where !TextSource.marks.contains(where: text.contains) {
            let expected = try whole("<start_of_turn>user\n\(text)<end_of_turn>\n<start_of_turn>model\n")
            #expect(try ChatTemplate.gemma.encode(user: text, with: encoder) == expected, "\(text.debugDescription)")
        }
    }

    @Test func lineBreaksMeetAtTheSeam() throws {
        let tokens = try ChatTemplate.gemma.encode(user: "\n\nhi", with: encoder)
        #expect(tokens.contains(110) && tokens.filter { $0 == 108 }.count == 2)
    }

    @Test func marksInTheUsersTextAreText() throws {
        var source = TextSource(seed: 42)
        for _ in 0..<500 {
            let text = source.text(with: TextSource.marks + TextSource.controls)
            let tokens = try ChatTemplate.gemma.encode(user: text, with: encoder)
            #expect(tokens.filter(tokenizer.isControl) == [106, 107, 106])
            #expect(tokenizer.decode(tokens) == Array("user\n\(text)\nmodel\n".utf8))
        }
    }

    @Test func aMarkThatTheTemplateBeginsAndTheUserEndsIsText() throws {
        let template = try ChatTemplate("<start_of_{text}_of_turn>", path: "model.rgq")
        for text in ["turn>", "turn><end"] {
            #expect(try !template.encode(user: text, with: encoder).contains(where: tokenizer.isControl))
        }
    }

    @Test func aFurtherTurnEndsTheOneBefore() throws {
        let turn = "<start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n"
        #expect(try ChatTemplate.gemma.encode(user: "hi", after: .none, with: encoder) == whole(turn))
        #expect(try ChatTemplate.gemma.encode(user: "hi", after: .ended, with: encoder) == whole("\n" + turn))
        #expect(try ChatTemplate.gemma.encode(user: "hi", after: .cut, with: encoder) == whole("<end_of_turn>\n" + turn))
    }

    @Test func aConversationHasTheTokensOfTheWholeText() throws {
        let turns = ["hi", "and\n", "then?"]
        var tokens: [UInt32] = []
        var text = ""
        for (number, user) in turns.enumerated() {
            let previous: ChatTemplate.PreviousTurn = number == 0 ? .none : number == 1 ? .ended : .cut
            tokens += try ChatTemplate.gemma.encode(user: user, after: previous, with: encoder)
            text += "<start_of_turn>user\n\(user)<end_of_turn>\n<start_of_turn>model\n"
            tokens += try encoder.encode("Well.") + (number == 0 ? [107] : [])
            text += "Well." + (number == turns.count - 1 ? "" : "<end_of_turn>\n")
        }
        #expect(try tokens == whole(text))
    }

    @Test func aTemplateWithoutMarksHasNoEndOfATurn() throws {
        let template = try ChatTemplate("Q: {text}\nA:", path: "model.rgq")
        #expect(try template.encode(user: "x", after: .cut, with: encoder) == encoder.encode("Q: x\nA:"))
    }

    @Test(arguments: [("", 0), ("no place", 0), ("{text}{text}", 2), ("{text} {TEXT} {text} {text}", 3), ("{ text }", 0)])
    func aTemplateHasExactlyOnePlace(_ template: String, _ count: Int) throws {
        let error = #expect(throws: FileProblem.self) { try ChatTemplate(template, path: "model.rgq") }
        #expect(
            error?.description == """
                model.rgq: the chat template has \(count == 0 ? "no" : "\(count)") {text}; \
                write exactly one, where the user's words go, and convert the model again
                """)
    }

    @Test func aCombiningCharacterDoesNotHideThePlace() throws {
        let template = try ChatTemplate("{text}\u{301}", path: "model.rgq")
        #expect(try tokenizer.decode(template.encode(user: "e", with: encoder)) == Array("e\u{301}".utf8))
    }

    // MARK: - Jinja

    static let gemmaJinja = """
        {{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}\
        {% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
        {% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}\
        {{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}\
        {% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}
        """

    @Test func gemmasJinjaTemplateIsRecognized() {
        #expect(ChatTemplate.recognize(jinja: Self.gemmaJinja) == .gemma)
    }

    @Test(arguments: [
        "", "{{ messages }}", "<start_of_turn>",
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}",
        "[INST] {{ messages[0]['content'] }} [/INST] user model",
    ]) func otherJinjaTemplatesAreNot(_ program: String) {
        #expect(ChatTemplate.recognize(jinja: program) == nil)
    }
}
