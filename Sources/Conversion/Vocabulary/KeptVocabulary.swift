import Griffin
import Text

/// The part of a checkpoint's vocabulary that goes into a model file.
struct KeptVocabulary {
    let reduced: ReducedVocabulary
    /// The texts that it was made for.
    let use: PieceUse
    /// `<end_of_turn>` in it.
    let endOfTurn: UInt32?

    /// The configuration of the smaller model.
    func configuration(_ whole: Configuration) -> Configuration {
        var configuration = whole
        configuration.vocabularySize = reduced.kept.count
        // All three are kept.
        configuration.bos = reduced.token(of: whole.bos) ?? whole.bos
        configuration.eos = reduced.token(of: whole.eos) ?? whole.eos
        configuration.pad = reduced.token(of: whole.pad) ?? whole.pad
        configuration.endOfTurn = endOfTurn
        return configuration
    }

    /// What is to be said about the texts; nil if they were enough.
    var warning: String? {
        guard use.unseenShare > Self.toleratedShare else { return nil }
        let tokens = Int((1 / use.unseenShare).rounded())
        return
            "--vocabulary: \(use.tokenCount) tokens of text are few: of other texts of the kind at least 1 token in \(tokens) will "
            + "have no piece and be spelled in a way that the model doesn't expect; give more text"
    }

    /// Tokens of a text that may lack their piece: each costs the small English model some 20 nats (`formats/quantization.md`,
    /// "Smaller vocabularies").
    private static let toleratedShare = 0.001
}
