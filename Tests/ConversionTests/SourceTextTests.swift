import Conversion
import Foundation
import ModelFile
import TestSupport
import Testing
import Text

@Suite struct SourceTextTests {
    /// What Gemma's tokenizer_config.json has, shortened.
    private let jinja = """
        {{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + message['role'] + '\\n' + message['content'] | trim + \
        '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}{# user #}
        """

    private func checkpoint(template: String? = nil, tokenizer: [UInt8]? = nil) throws -> EditableCheckpoint {
        var checkpoint = try EditableCheckpoint.small()
        if let template { checkpoint.files["chat_template.jinja"] = Array(template.utf8) }
        if let tokenizer { checkpoint.files["tokenizer.model"] = tokenizer }
        return checkpoint
    }

    private func options(_ choice: ChatTemplateChoice) -> Conversion.Options {
        var options = Conversion.Options()
        options.chatTemplate = choice
        return options
    }

    @Test func gemmasTemplateIsRecognizedAndStored() throws {
        let template = try ConvertedModel(checkpoint(template: jinja)).file.metadata.chatTemplate
        #expect(template == "<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n")
    }

    @Test func aFolderWithoutTemplateGivesAModelWithoutOne() throws {
        #expect(try ConvertedModel(checkpoint()).file.metadata.chatTemplate == nil)
    }

    @Test func aTemplateOfAnotherFormatIsAnErrorThatSaysWhatToDo() throws {
        let checkpoint = try checkpoint(template: "[INST] {{ messages[0]['content'] }} [/INST]")
        let folder = try checkpoint.write()
        let error = try #require(try conversionError(folder, target: TemporaryFolder()))
        #expect(error.kind == .content)
        #expect(
            error.description == """
                \(folder.path): has a chat template that is not in Gemma's format; \
                use Gemma's with --chat-template gemma, or leave it out with --chat-template none
                """)
        #expect(try Conversion(checkpoint, options(.gemma)).chatTemplate == .gemma)
        #expect(try Conversion(checkpoint, options(.none)).chatTemplate == nil)
    }

    @Test func theTemplateCanBeChosen() throws {
        #expect(try Conversion(checkpoint(), options(.gemma)).chatTemplate == .gemma)
        #expect(try Conversion(checkpoint(template: jinja), options(.none)).chatTemplate == nil)
    }

    @Test func aTemplateThatMayBeMissingIsWarnedAbout() throws {
        var checkpoint = try checkpoint()
        func warnings(_ choice: ChatTemplateChoice = .auto) throws -> [String] {
            try Conversion(checkpoint, options(choice)).warnings
        }
        // A tokenizer_config.json without a template says that there is none.
        #expect(try warnings() == [])
        checkpoint.files["tokenizer_config.json"] = nil
        let warning = try #require(warnings().first)
        for part in ["has no chat template", "(-it)", "tokenizer_config.json", "chat_template.jinja", "gemma", "template none"] {
            #expect(warning.contains(part))
        }
        #expect(try warnings(.gemma) == [] && warnings(.none) == [])
        let provenance = try ConvertedModel(checkpoint).file.metadata.provenance
        #expect(String(decoding: try #require(provenance), as: UTF8.self).contains(#""chat_template":"missing""#))
        checkpoint.files["chat_template.jinja"] = Array(jinja.utf8)
        #expect(try warnings() == [])
        // Without the marks it can't be an instruction-tuned model.
        checkpoint.files["chat_template.jinja"] = nil
        checkpoint.files["tokenizer.model"] = try tokenizerWithoutEndOfTurn()
        #expect(try warnings() == [])
    }

    @Test(arguments: [("recurrentgemma-2b-it", 1), ("RecurrentGemma_9B_IT", 1), ("2b", 0), ("italian-2b", 0)])
    func aTemplateThatTheNameOfTheFolderPromisesIsWarnedAbout(name: String, count: Int) throws {
        let folder = try TemporaryFolder(), source = try checkpoint().write()
        try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: source.path)
        #expect(try Conversion(source: folder.file(name) + "/").warnings.count == count)
    }

    @Test func endOfTurnIsThatOfTheTokenizer() throws {
        let checkpoint = try EditableCheckpoint.small()
        let tokenizer = try Tokenizer(model: #require(checkpoint.files["tokenizer.model"]))
        let conversion = try Conversion(checkpoint)
        #expect(conversion.configuration.endOfTurn == tokenizer.endOfTurn)
        #expect(conversion.configuration.endOfTurn != nil)
    }

    @Test func aTokenizerOfAnotherSizeIsAnErrorThatNamesBothNumbers() throws {
        let other = try EditableCheckpoint(folder: Fixtures.oracle("gamma"))
        let folder = try checkpoint(tokenizer: other.files["tokenizer.model"]).write()
        let error = try #require(try conversionError(folder, target: TemporaryFolder()))
        #expect(
            error.description == """
                \(folder.path)/tokenizer.model: has 1000 pieces, but the vocab_size of config.json is 512; \
                take tokenizer.model and config.json from the same download
                """)
    }

    @Test func aTokenizerThatIsNoneIsAnError() throws {
        let folder = try checkpoint(tokenizer: Array("not a tokenizer".utf8)).write()
        let error = try #require(try conversionError(folder, target: TemporaryFolder()))
        #expect(error.kind == .content)
        #expect(error.path == folder.path + "/tokenizer.model")
    }

    /// The tokenizer with the mark under another name of the same length.
    private func tokenizerWithoutEndOfTurn() throws -> [UInt8] {
        var tokenizer = try #require(try EditableCheckpoint.small().files["tokenizer.model"])
        let mark = Array("<end_of_turn>".utf8)
        let place = try #require((0...tokenizer.count - mark.count).first { Array(tokenizer[$0..<$0 + mark.count]) == mark })
        tokenizer.replaceSubrange(place + 1..<place + 4, with: Array("END".utf8))
        return tokenizer
    }

    @Test func aTemplateNeedsTheMarksOfTheTokenizer() throws {
        let checkpoint = try checkpoint(template: jinja, tokenizer: tokenizerWithoutEndOfTurn())
        let error = try #require(try conversionError(checkpoint.write(), target: TemporaryFolder()))
        #expect(error.problem == "has no <start_of_turn> and <end_of_turn>, which Gemma's chat template needs")
        let conversion = try Conversion(checkpoint, options(.none))
        #expect(conversion.configuration.endOfTurn == nil)
    }
}
