/// A piece of an answer's text, as soon as it is certain, and the tokens that it is made of:
/// ``Session/generatePieces(_:options:isCancelled:onProgress:onPiece:)``, ``GenerationStream/pieces``.
///
/// The tokens of all pieces, one after the other, are those of the answer that the session has consumed afterwards. A token comes
/// with the piece that shows the first of its text; one without text, or with the first bytes of a character, with the next piece
/// that has some. Tokens that are taken back come never.
public struct AnswerPiece: Hashable, Codable, Sendable {
    /// Whole characters. Empty where over a thousand tokens had no text: these are then certain, and go without.
    public var text: String
    /// Empty unless ``GenerationOptions/logprobs`` asks for them, and where the text goes on within a token.
    public var tokens: [AnswerToken]

    /// A piece of these.
    public init(text: String, tokens: [AnswerToken] = []) {
        self.text = text
        self.tokens = tokens
    }

    /// Shows the text, if there is any.
    func show(_ onText: (String) -> Bool) -> Bool { text.isEmpty || onText(text) }
}

/// A token of an answer, and what the model thought of it and of others in its place.
///
/// These are the model's own probabilities, as natural logarithms: log softmax of its logits, before bias, penalties and all else
/// that ``Sampling`` does to them, as llama.cpp's server and vLLM report them. The same on every machine where the logits are.
public struct AnswerToken: Hashable, Codable, Sendable {
    /// The token that was chosen.
    public var token: UInt32
    /// The logarithm of its probability, 0 or less.
    public var logprob: Float
    /// The likeliest tokens, most likely first, as many as were asked for; the chosen one need not be among them.
    public var top: [TokenLogprob]

    /// A token that was chosen with these in view.
    public init(token: UInt32, logprob: Float, top: [TokenLogprob] = []) {
        self.token = token
        self.logprob = logprob
        self.top = top
    }
}

/// A token and how likely it is.
public struct TokenLogprob: Hashable, Codable, Sendable {
    /// The token.
    public var token: UInt32
    /// The logarithm of its probability, 0 or less.
    public var logprob: Float

    /// A token with this probability.
    public init(token: UInt32, logprob: Float) {
        self.token = token
        self.logprob = logprob
    }
}
