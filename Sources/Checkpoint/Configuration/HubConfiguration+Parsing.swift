import JSON
import System

extension HubConfiguration {
    /// Reads a `config.json`. `path` is named in errors, which say which key is missing, out of range, at odds with another or
    /// asks for something that RecurrentGemma models here don't have.
    public init(parsing json: [UInt8], path: String) throws(FileProblem) {
        let keys = try ConfigurationKeys(parsing: json, path: path)
        try keys.checkArchitecture()
        try keys.checkFeatures()

        let dimension = 1...Limit.dimension
        vocabularySize = try keys.integer("vocab_size", in: 1...Limit.vocabulary)
        hiddenSize = try keys.integer("hidden_size", in: dimension)
        layerCount = try keys.integer("num_hidden_layers", in: 1...Limit.layers)
        headCount = try keys.integer("num_attention_heads", in: dimension)
        intermediateSize = try keys.integer("intermediate_size", in: dimension)
        window = try keys.integer("attention_window_size", in: 1...Limit.window)
        recurrentWidth = try keys.integer("lru_width", in: dimension, default: hiddenSize)
        headDimension = try keys.headDimension(hiddenSize: hiddenSize, headCount: headCount)
        keyValueHeadCount = try keys.integer("num_key_value_heads", in: dimension, default: headCount)
        convolutionWidth = try keys.integer("conv1d_width", in: dimension, default: 4)
        blockTypes = try keys.blockTypes()
        ropeTheta = try keys.rope("rope_theta", default: 10_000)
        partialRotaryFactor = try keys.rope("partial_rotary_factor", default: 0.5)
        rmsNormEpsilon = try keys.real("rms_norm_eps", default: 1e-6)
        logitsSoftCap = try keys.real("logits_soft_cap", default: 30)
        bos = try keys.token("bos_token_id", vocabulary: vocabularySize, default: 2)
        eos = try keys.token("eos_token_id", vocabulary: vocabularySize, default: 1)
        pad = try keys.token("pad_token_id", vocabulary: vocabularySize, default: 0)

        if let conflict { throw keys.error(conflict) }
    }

    /// Which numbers contradict each other though each is in range, as a clause; nil if none do.
    private var conflict: String? {
        if headCount * headDimension > Limit.dimension {
            return "num_attention_heads \(headCount) × head_dim \(headDimension) is over \(Limit.dimension)"
        }
        if recurrentWidth % headCount != 0 {
            return "lru_width \(recurrentWidth) is not a multiple of num_attention_heads \(headCount)"
        }
        if intermediateSize % 2 != 0 { return "intermediate_size \(intermediateSize) is odd, but must be twice the MLP's width" }
        if keyValueHeadCount != 1 { return "num_key_value_heads is \(keyValueHeadCount), but RecurrentGemma has 1" }
        if convolutionWidth != 4 { return "conv1d_width is \(convolutionWidth), but RecurrentGemma has 4" }
        if !(ropeTheta > 1) { return "rope_theta is \(ropeTheta), not above 1" }
        if !(partialRotaryFactor > 0 && partialRotaryFactor <= 1) {
            return "partial_rotary_factor is \(partialRotaryFactor), not above 0 and up to 1"
        }
        // transformers cuts the product down to a whole number; one that is odd or not whole can't be rotated in halves.
        let rotated = Double(headDimension) * partialRotaryFactor
        if rotated.truncatingRemainder(dividingBy: 2) != 0 {
            return "head_dim \(headDimension) × partial_rotary_factor \(partialRotaryFactor) is not an even number"
        }
        if !(rmsNormEpsilon > 0 && rmsNormEpsilon < 1) { return "rms_norm_eps is \(rmsNormEpsilon), not between 0 and 1" }
        if !(logitsSoftCap > 0) { return "logits_soft_cap is \(logitsSoftCap), not above 0" }
        return nil
    }
}
