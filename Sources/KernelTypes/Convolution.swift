/// The operands of the temporal convolution: depthwise, causal, 4 taps (Griffin, arXiv:2402.19427, section 2.3).
///
/// `output[t] = bias + Σ taps[k] · input[t - 3 + k]`; inputs before the first token come from ``history``.
public struct Convolution {
    /// [tokens × stride]
    public var input: UnsafePointer<Float>
    /// [tokens × stride]; must not overlap the input.
    public var output: UnsafeMutablePointer<Float>
    /// Floats from one token to the next, in input and output.
    public var stride: Int
    /// Tokens that are computed at once.
    public var tokens: Int
    /// [4 × width]: tap 3 meets the newest input.
    public var taps: UnsafePointer<Float>
    /// [width]
    public var bias: UnsafePointer<Float>
    /// [3 × width]: the last three inputs, oldest first, all 0 at the start. Updated.
    public var history: UnsafeMutablePointer<Float>
    /// Channels.
    public var width: Int

    /// The operands, as above.
    public init(
        input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, stride: Int, tokens: Int,
        taps: UnsafePointer<Float>, bias: UnsafePointer<Float>, history: UnsafeMutablePointer<Float>, width: Int
    ) {
        self.input = input
        self.output = output
        self.stride = stride
        self.tokens = tokens
        self.taps = taps
        self.bias = bias
        self.history = history
        self.width = width
    }
}
