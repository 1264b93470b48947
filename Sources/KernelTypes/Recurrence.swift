/// The operands of the real-gated linear recurrence, RG-LRU (Griffin, arXiv:2402.19427, equations 1 to 4), over some tokens.
///
///     log a = decay · sigmoid(recurrentGate)           decay = -8 · softplus(recurrent_param)
///     h     = a · h + sqrt(1 - a²) · (sigmoid(inputGate) · input)
///
/// 1 - a² is taken as -expm1(2 · log a), which keeps its digits near a = 1. At position 0 the root is replaced by 1 and the old h
/// counts as 0 (transformers, `RecurrentGemmaRglru.forward`).
public struct Recurrence {
    /// [tokens × stride]: the convolution's output.
    public var input: UnsafePointer<Float>
    /// [tokens × stride]: before the sigmoid, bias included.
    public var inputGate: UnsafePointer<Float>
    /// [tokens × stride]: before the sigmoid, bias included.
    public var recurrentGate: UnsafePointer<Float>
    /// [tokens × stride]: h after each token. May be any of the three inputs.
    public var output: UnsafeMutablePointer<Float>
    /// Floats from one token to the next, in all four.
    public var stride: Int
    /// Tokens that are computed at once.
    public var tokens: Int
    /// [width]
    public var decay: UnsafePointer<Float>
    /// [width]: h. Updated.
    public var state: UnsafeMutablePointer<Float>
    /// Channels.
    public var width: Int
    /// True if the first token is at position 0.
    public var startsSequence: Bool

    /// The operands, as above.
    public init(
        input: UnsafePointer<Float>, inputGate: UnsafePointer<Float>, recurrentGate: UnsafePointer<Float>,
        output: UnsafeMutablePointer<Float>, stride: Int, tokens: Int, decay: UnsafePointer<Float>,
        state: UnsafeMutablePointer<Float>, width: Int, startsSequence: Bool
    ) {
        self.input = input
        self.inputGate = inputGate
        self.recurrentGate = recurrentGate
        self.output = output
        self.stride = stride
        self.tokens = tokens
        self.decay = decay
        self.state = state
        self.width = width
        self.startsSequence = startsSequence
    }
}
