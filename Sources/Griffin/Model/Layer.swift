import KernelTypes

/// One layer: x + temporal(norm(x)), then that + MLP(norm(that)) (Griffin, arXiv:2402.19427, figure 2).
///
/// All pointers are into the mapped model file, except `decay`.
struct Layer {
    /// What mixes over time.
    enum TemporalBlock {
        case recurrent(RecurrentBlock)
        case attention(AttentionBlock)
    }

    /// [width]
    let temporalNorm: UnsafePointer<Float>
    let temporal: TemporalBlock
    /// [width]
    let channelNorm: UnsafePointer<Float>
    let mlp: MLP
}

/// linear_out(rgLRU(conv1D(linear_x(x))) · gelu(linear_y(x))).
struct RecurrentBlock {
    /// The block's place among the recurrent ones, which is that of its state.
    let index: Int
    let linearX: TiledMatrix
    let linearY: TiledMatrix
    let linearXBias: UnsafePointer<Float>
    let linearYBias: UnsafePointer<Float>
    /// [4 × recurrentWidth]
    let taps: UnsafePointer<Float>
    let convolutionBias: UnsafePointer<Float>
    /// Stacks of one matrix per head.
    let inputGate: TiledMatrix
    let recurrentGate: TiledMatrix
    let inputGateBias: UnsafePointer<Float>
    let recurrentGateBias: UnsafePointer<Float>
    /// [recurrentWidth]: -8 · softplus(recurrent_param), computed at load.
    let decay: UnsafePointer<Float>
    let linearOut: TiledMatrix
    let linearOutBias: UnsafePointer<Float>
}

/// Local multi-query attention: one head of keys and values for all heads of queries.
struct AttentionBlock {
    /// The block's place among the attention blocks, which is that of its ring.
    let index: Int
    let query: TiledMatrix
    let key: TiledMatrix
    let value: TiledMatrix
    let output: TiledMatrix
    let outputBias: UnsafePointer<Float>
}

/// down(gelu(gate(x)) · up(x)).
struct MLP {
    let gate: TiledMatrix
    let up: TiledMatrix
    let gateBias: UnsafePointer<Float>
    let upBias: UnsafePointer<Float>
    let down: TiledMatrix
    let downBias: UnsafePointer<Float>
}
