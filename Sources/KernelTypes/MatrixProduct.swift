import Tiles

/// The operands of `output = matrix · input + bias`, for some tokens at once.
///
/// A stack multiplies block-diagonally: matrix m reads inputs m × columns… and writes outputs m × rows….
/// q8 and q4 matrices read ``quantized``, f16 and f32 matrices read ``input``; the other one may be anything.
/// The result for a token does not depend on how many tokens are computed together, nor on the split of the rows.
public struct MatrixProduct {
    /// The weights.
    public var matrix: TiledMatrix
    /// [tokens × inputStride], of which count × columns are read.
    public var input: UnsafePointer<Float>
    /// Floats from one token to the next.
    public var inputStride: Int
    /// The input as q8 and q4 matrices read it, with one scale per
    /// ``WeightType/Properties/blocksPerActivationScale`` blocks.
    public var quantized: QuantizedActivations
    /// Tokens that are computed at once.
    public var tokens: Int
    /// [count × rows], or nil for none.
    public var bias: UnsafePointer<Float>?
    /// [tokens × outputStride], of which count × rows are written and nothing beyond.
    public var output: UnsafeMutablePointer<Float>
    /// Floats from one token to the next.
    public var outputStride: Int
    /// True to add to what `output` holds: the residual stream.
    public var accumulates: Bool

    /// The operands, as above.
    public init(
        matrix: TiledMatrix, input: UnsafePointer<Float>, inputStride: Int, quantized: QuantizedActivations, tokens: Int,
        bias: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>, outputStride: Int, accumulates: Bool = false
    ) {
        self.matrix = matrix
        self.input = input
        self.inputStride = inputStride
        self.quantized = quantized
        self.tokens = tokens
        self.bias = bias
        self.output = output
        self.outputStride = outputStride
        self.accumulates = accumulates
    }
}
