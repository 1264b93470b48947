import Checkpoint
import Griffin
import System
import Text

extension SourceText {
    /// The vocabulary of what texts use and what the model itself needs: the tokens that its configuration names, and the words of
    /// its chat template.
    func vocabulary(
        of checkpoint: Checkpoint, _ configuration: Configuration, for texts: VocabularyTexts
    ) throws(FileProblem) -> KeptVocabulary {
        let use = try texts.use(of: tokenizer)
        var tokens = [configuration.bos, configuration.eos, configuration.pad]
        if let chatTemplate {
            let encoder = try tokenizer.encoder()
            tokens += try chatTemplate.encode(user: "", with: encoder)
            tokens += try chatTemplate.encode(user: "", after: .cut, with: encoder)
        }
        let reduced = try ReducedVocabulary(of: tokenizer, use: use, keeping: tokens)
        let smaller = try Tokenizer(model: reduced.model, path: Self.path(of: checkpoint))
        // Whoever runs the model will need it.
        _ = try smaller.encoder()
        return KeptVocabulary(reduced: reduced, use: use, endOfTurn: smaller.endOfTurn)
    }
}
