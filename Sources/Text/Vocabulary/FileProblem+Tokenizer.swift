import System

extension FileProblem {
    /// What keeps the bytes of a `tokenizer.model` from being used. Whoever knows their file names it.
    static func tokenizer(_ problem: String, advice: String = TokenizerAdvice.downloadAgain) -> FileProblem {
        FileProblem(.content, path: "tokenizer.model", problem: problem, advice: advice)
    }

    /// The system has no memory for some work.
    static func noMemory(_ work: TokenizerWork) -> FileProblem {
        switch work {
        case .loading:
            FileProblem(
                .memory, path: "tokenizer.model", problem: "needs more memory to load SentencePiece",
                advice: "close other programs")
        case .encoding(let count):
            FileProblem(
                .memory, path: "tokenizer.model", problem: "needs more memory for a text of \(count) bytes",
                advice: "close other programs, or give a shorter text")
        }
    }
}

/// What SentencePiece is asked to do.
enum TokenizerWork {
    case loading
    /// A text of n bytes.
    case encoding(Int)
}

/// What to do about a tokenizer that can't be used.
enum TokenizerAdvice {
    /// For bytes that can't be what was published.
    static let downloadAgain = "take tokenizer.model from the same download as the weights, and convert the model again"
    /// For a sound model of another kind.
    static let wrongKind = "only the tokenizers of the Gemma family can be used: take the one that belongs to the model"
}
