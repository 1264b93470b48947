import CSIMD
import Tiles

/// The shape of a RecurrentGemma model and the constants of its arithmetic, as in the `configuration` of a model file
/// (`formats/rgq.md`, "Metadata").
public struct Configuration: Equatable, Sendable {
    /// What mixes a layer over time (Griffin paper, arXiv:2402.19427, section 2).
    public enum BlockKind: String, Sendable {
        /// Conv1D and RG-LRU.
        case recurrent
        /// Local multi-query attention.
        case attention
    }

    /// Number of tokens; rows of the embedding.
    public package(set) var vocabularySize: Int
    /// Width of the residual stream.
    public var width: Int
    /// Layers: each mixes over time, then comes an MLP.
    public var layerCount: Int
    /// Query heads; also the number of diagonal blocks of the RG-LRU's gates.
    public var headCount: Int
    /// Elements of a query, key or value.
    public var headDimension: Int
    /// Width of the RG-LRU and of its convolution.
    public var recurrentWidth: Int
    /// Real width of the MLP: half of Hugging Face's `intermediate_size`.
    public var mlpWidth: Int
    /// Positions that local attention sees, the token itself included.
    public var window: Int
    /// Repeated over the layers and cut at ``layerCount``.
    public var blockPattern: [BlockKind]
    /// The base of the rotary angles (RoFormer, arXiv:2104.09864).
    public var rotaryBase: Double
    /// The part of each head that is rotated, from its first element on.
    public var rotaryFraction: Double
    /// What RMSNorm adds to the mean square.
    public var normEpsilon: Float
    /// Logits are `cap · tanh(logits / cap)`.
    public var logitsSoftCap: Float
    /// The token that begins a text.
    public var bos: UInt32
    /// The token that ends one.
    public var eos: UInt32
    /// The token that fills batches: never fed here.
    public var pad: UInt32
    /// `<end_of_turn>`, where the vocabulary has it.
    public var endOfTurn: UInt32?

    /// Taps of the temporal convolution.
    package static let convolutionTaps = 4

    /// A shape; ``problem`` tells whether it can be run.
    package init(
        vocabularySize: Int, width: Int, layerCount: Int, headCount: Int, headDimension: Int, recurrentWidth: Int,
        mlpWidth: Int, window: Int, blockPattern: [BlockKind], rotaryBase: Double = 10_000, rotaryFraction: Double = 0.5,
        normEpsilon: Float = 1e-6, logitsSoftCap: Float = 30, bos: UInt32 = 2, eos: UInt32 = 1, pad: UInt32 = 0,
        endOfTurn: UInt32? = nil
    ) {
        self.vocabularySize = vocabularySize
        self.width = width
        self.layerCount = layerCount
        self.headCount = headCount
        self.headDimension = headDimension
        self.recurrentWidth = recurrentWidth
        self.mlpWidth = mlpWidth
        self.window = window
        self.blockPattern = blockPattern
        self.rotaryBase = rotaryBase
        self.rotaryFraction = rotaryFraction
        self.normEpsilon = normEpsilon
        self.logitsSoftCap = logitsSoftCap
        self.bos = bos
        self.eos = eos
        self.pad = pad
        self.endOfTurn = endOfTurn
    }

    /// What mixes layer `layer` over time.
    package func kind(ofLayer layer: Int) -> BlockKind { blockPattern[layer % blockPattern.count] }

    /// Width of one diagonal block of the gates: ``recurrentWidth`` / ``headCount``.
    package var gateBlockWidth: Int { recurrentWidth / headCount }
    /// Elements of a head that are rotated; even.
    package var rotaryDimension: Int { Int((Double(headDimension) * rotaryFraction).rounded()) }
    /// How many layers are of that kind.
    public func layerCount(of kind: BlockKind) -> Int { (0..<layerCount).count { self.kind(ofLayer: $0) == kind } }

    /// sqrt(width) rounded to bfloat16, as the reference keeps it even in f32
    /// (`normalizer` in transformers' `modeling_recurrent_gemma.py`): 50.5 for a width of 2560.
    package var embeddingScale: Float {
        csimd_bf16_to_f32(csimd_f32_to_bf16(Float(width).squareRoot()))
    }

    /// The largest sizes accepted from a file, generous for any RecurrentGemma, so that no product of them can overflow.
    package enum Limit {
        /// Of widths and dimensions.
        package static let dimension = 1 << 20
        /// The gates are a stack with one matrix per head.
        package static let heads = MatrixShape.largestCount
        /// Of the vocabulary.
        package static let vocabulary = 1 << 22
        /// Of the number of layers.
        package static let layers = 1 << 10
        /// Of the window.
        package static let window = 1 << 20
    }

    /// Nil if the model can be run; otherwise one clause that names the field and what is wrong with it.
    package var problem: String? {
        let sizes = [
            ("width", width), ("head_dimension", headDimension), ("recurrent_width", recurrentWidth), ("mlp_width", mlpWidth),
        ]
        for (name, size) in sizes where !(1...Limit.dimension).contains(size) {
            return "\(name) is \(size), not in 1…\(Limit.dimension)"
        }
        if !(1...Limit.heads).contains(headCount) { return "head_count is \(headCount), not in 1…\(Limit.heads)" }
        if !(1...Limit.vocabulary).contains(vocabularySize) {
            return "vocabulary_size is \(vocabularySize), not in 1…\(Limit.vocabulary)"
        }
        if !(1...Limit.layers).contains(layerCount) { return "layer_count is \(layerCount), not in 1…\(Limit.layers)" }
        if !(1...Limit.window).contains(window) { return "window is \(window), not in 1…\(Limit.window)" }
        if headCount * headDimension > Limit.dimension { return "head_count × head_dimension is over \(Limit.dimension)" }
        if !(1...Limit.layers).contains(blockPattern.count) {
            return "block_pattern has \(blockPattern.count) blocks, not 1…\(Limit.layers)"
        }
        if recurrentWidth % headCount != 0 {
            return "recurrent_width \(recurrentWidth) is not a multiple of head_count \(headCount)"
        }
        if !(rotaryFraction > 0 && rotaryFraction <= 1) { return "rotary_fraction is \(rotaryFraction), not in 0…1" }
        if rotaryDimension == 0 || rotaryDimension % 2 != 0 {
            return "the rotated part of a head, \(rotaryDimension) elements, is not an even number"
        }
        if !(rotaryBase > 1 && rotaryBase.isFinite) { return "rotary_base is \(rotaryBase), not a number above 1" }
        if !(normEpsilon > 0 && normEpsilon < 1) { return "norm_epsilon is \(normEpsilon), not in 0…1" }
        if !(logitsSoftCap > 0 && logitsSoftCap.isFinite) { return "logits_soft_cap is \(logitsSoftCap), not a positive number" }
        let tokens = [("bos", bos), ("eos", eos), ("pad", pad)] + (endOfTurn.map { [("end_of_turn", $0)] } ?? [])
        for (name, token) in tokens where Int(token) >= vocabularySize {
            return "\(name) is token \(token), outside the vocabulary of \(vocabularySize)"
        }
        return nil
    }
}
