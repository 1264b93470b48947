/// What ``Session/generate(_:options:onText:)`` is to do.
public struct GenerationOptions: Sendable {
    public var sampling: Sampling
    /// Tokens to make at most; nil for as many as the model likes.
    public var maxTokens: Int?
    /// Texts that end the answer and are not part of it.
    public var stop: [String]
    /// Wrap the prompt in the model's chat template.
    public var asChatTurn: Bool

    public init(sampling: Sampling = Sampling(), maxTokens: Int? = 256, stop: [String] = [], asChatTurn: Bool = false) {
        self.sampling = sampling
        self.maxTokens = maxTokens
        self.stop = stop
        self.asChatTurn = asChatTurn
    }
}

/// Why generation ended.
public enum Finish: String, Sendable {
    /// The model ended its turn.
    case end
    /// The number of tokens was reached.
    case length
    /// One of the stop texts came.
    case stop
    /// The caller asked for it.
    case cancelled
}

/// What ``Session/generate(_:options:onText:)`` did.
public struct GenerationResult: Sendable {
    public var finish: Finish
    /// Tokens of the prompt, template and BOS included.
    public var promptTokens: Int
    /// Tokens made, those of a stop text included, the one that ended the turn not.
    public var generatedTokens: Int
    /// Time to feed the prompt.
    public var prefillSeconds: Double
    /// Time to make the tokens, the caller's in `onText` included.
    public var decodeSeconds: Double
}
