/// Why the bytes of a `tokenizer.model` can't be used.
public struct TokenizerError: Error, Equatable, CustomStringConvertible {
    /// What is wrong with them, in a clause.
    public let problem: String
    /// What to do about it, in a clause.
    public let advice: String
    /// True if the bytes are not at fault: there is no memory to use them.
    public let isMemory: Bool

    init(_ problem: String, advice: String = TokenizerError.downloadAgain, isMemory: Bool = false) {
        self.problem = problem
        self.advice = advice
        self.isMemory = isMemory
    }

    /// One line, without a full stop.
    public var description: String { "tokenizer.model: \(problem); \(advice)" }

    /// The system has no memory for some work.
    static func noMemory(_ work: Work) -> TokenizerError {
        switch work {
        case .loading: TokenizerError("needs more memory to load SentencePiece", advice: "close other programs", isMemory: true)
        case .encoding(let count):
            TokenizerError(
                "needs more memory for a text of \(count) bytes", advice: "close other programs, or give a shorter text",
                isMemory: true)
        }
    }

    /// What SentencePiece is asked to do.
    enum Work {
        case loading
        /// A text of n bytes.
        case encoding(Int)
    }

    /// For bytes that can't be what was published.
    static let downloadAgain = "take tokenizer.model from the same download as the weights, and convert the model again"
    /// For a sound model of another kind.
    static let wrongKind = "only the tokenizers of the Gemma family can be used: take the one that belongs to the model"
}
