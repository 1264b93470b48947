import Checkpoint
import Griffin
import System
import Text

/// Which chat template goes into a model file.
public enum ChatTemplateChoice: String, CaseIterable, Sendable {
    /// That of the checkpoint, which must be Gemma's format; none if it has none.
    case auto
    /// Gemma's, whatever the checkpoint has.
    case gemma
    /// None, as for a base model.
    case none
}

/// The tokenizer and the chat template of a checkpoint, checked against its configuration.
struct SourceText {
    let tokenizer: Tokenizer
    let chatTemplate: ChatTemplate?
    /// True if there is no template, but the model may be one that was trained with one.
    let mayMissTemplate: Bool

    init(_ checkpoint: Checkpoint, template choice: ChatTemplateChoice) throws(FileProblem) {
        let path = Self.path(of: checkpoint)
        tokenizer = try Tokenizer(model: checkpoint.tokenizer, path: path)
        // Whoever runs the model will need it.
        _ = try tokenizer.encoder()
        let expected = checkpoint.configuration.vocabularySize
        guard tokenizer.vocabularySize == expected else {
            throw FileProblem(
                .content, path: path,
                problem: "has \(tokenizer.vocabularySize) pieces, but the vocab_size of config.json is \(expected)",
                advice: "take tokenizer.model and config.json from the same download")
        }
        chatTemplate = try Self.template(choice, checkpoint)
        let hasMarks = tokenizer.startOfTurn != nil && tokenizer.endOfTurn != nil
        guard chatTemplate == nil || hasMarks else {
            throw FileProblem(
                .content, path: path, problem: "has no <start_of_turn> and <end_of_turn>, which Gemma's chat template needs",
                advice: "take the tokenizer that belongs to the model, or leave the template out with --chat-template none")
        }
        // Base models have the marks as well. What tells them apart is a folder without any file that could hold a template.
        mayMissTemplate =
            choice == .auto && chatTemplate == nil && hasMarks
            && (!checkpoint.hasTemplateFile || Self.isNamedTuned(checkpoint.folder))
    }

    /// The file that a checkpoint's tokenizer comes from.
    static func path(of checkpoint: Checkpoint) -> String { checkpoint.folder + "/tokenizer.model" }

    /// True for a folder that is named as instruction-tuned models are, like `recurrentgemma-2b-it`.
    private static func isNamedTuned(_ folder: String) -> Bool {
        let name = folder.split(separator: "/").last ?? ""
        return name.split { !$0.isLetter && !$0.isNumber }.contains { $0.lowercased() == "it" }
    }

    private static func template(
        _ choice: ChatTemplateChoice, _ checkpoint: Checkpoint
    ) throws(FileProblem) -> ChatTemplate? {
        switch choice {
        case .none: return nil
        case .gemma: return .gemma
        case .auto:
            guard let program = checkpoint.chatTemplate else { return nil }
            guard let template = ChatTemplate.recognize(jinja: program) else {
                throw FileProblem(
                    .content, path: checkpoint.folder, problem: "has a chat template that is not in Gemma's format",
                    advice: "use Gemma's with --chat-template gemma, or leave it out with --chat-template none")
            }
            return template
        }
    }
}
