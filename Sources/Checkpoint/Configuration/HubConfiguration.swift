/// A RecurrentGemma `config.json` as Hugging Face writes it, checked for what this project can run. Absent keys have the values
/// of transformers' `RecurrentGemmaConfig` (models/recurrent_gemma/configuration_recurrent_gemma.py), except for those that give
/// the model its size, which must be there.
public struct HubConfiguration: Equatable, Sendable {
    /// `vocab_size`
    public let vocabularySize: Int
    /// `hidden_size`: width of the residual stream.
    public let hiddenSize: Int
    /// `num_hidden_layers`
    public let layerCount: Int
    /// `num_attention_heads`: query heads, also the diagonal blocks of the RG-LRU's gates.
    public let headCount: Int
    /// `head_dim`; ``hiddenSize`` / ``headCount`` where it is absent.
    public let headDimension: Int
    /// `num_key_value_heads`: 1.
    public let keyValueHeadCount: Int
    /// `lru_width`; ``hiddenSize`` where it is null or absent. A multiple of ``headCount``.
    public let recurrentWidth: Int
    /// `intermediate_size` as in the file: even, and twice the real width of the MLP.
    public let intermediateSize: Int
    /// `attention_window_size`: positions that local attention sees, the token itself included.
    public let window: Int
    /// `block_types` (`_block_types` in older files): `recurrent` or `attention`, repeated over the layers; not empty.
    public let blockTypes: [String]
    /// `rope_theta`, at the top or in `rope_parameters`.
    public let ropeTheta: Double
    /// `partial_rotary_factor`, at the top or in `rope_parameters`: the part of a head that is rotated.
    public let partialRotaryFactor: Double
    /// `rms_norm_eps`
    public let rmsNormEpsilon: Double
    /// `logits_soft_cap`
    public let logitsSoftCap: Double
    /// `bos_token_id`
    public let bos: Int
    /// `eos_token_id`; the first where it is a list.
    public let eos: Int
    /// `pad_token_id`
    public let pad: Int
    /// `conv1d_width`: 4.
    public let convolutionWidth: Int
}

extension HubConfiguration {
    /// The only architecture accepted.
    static let architecture = "RecurrentGemmaForCausalLM"
    /// Its `model_type`.
    static let modelType = "recurrent_gemma"
    /// The only activation accepted.
    static let activation = "gelu_pytorch_tanh"
    /// Kinds of temporal blocks.
    static let blockTypes = ["recurrent", "attention"]

    /// The largest sizes accepted, generous for any RecurrentGemma, so that no product of them can overflow.
    enum Limit {
        static let dimension = 1 << 20
        static let vocabulary = 1 << 22
        static let layers = 1 << 10
        static let window = 1 << 20
    }
}
