import Glibc
import Griffin
import JSON

extension Export {
    /// The configuration as transformers reads it.
    var hubConfiguration: JSONValue {
        let blocks = JSONValue.array(configuration.blockPattern.map { .string($0.rawValue) })
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        return [
            "architectures": ["RecurrentGemmaForCausalLM"],
            "model_type": "recurrent_gemma",
            "_block_types": blocks,
            "block_types": blocks,
            "attention_bias": false,
            "attention_dropout": 0.0,
            "attention_window_size": integer(configuration.window),
            "bos_token_id": integer(Int(configuration.bos)),
            "conv1d_width": integer(Configuration.convolutionTaps),
            "embeddings_scale_by_sqrt_dim": true,
            "eos_token_id": integer(Int(configuration.eos)),
            "head_dim": integer(configuration.headDimension),
            "hidden_activation": "gelu_pytorch_tanh",
            "hidden_size": integer(configuration.width),
            "intermediate_size": integer(2 * configuration.mlpWidth),
            "logits_soft_cap": .real(configuration.logitsSoftCap.decimal),
            "lru_width": integer(configuration.recurrentWidth),
            "num_attention_heads": integer(configuration.headCount),
            "num_hidden_layers": integer(configuration.layerCount),
            "num_key_value_heads": 1,
            "pad_token_id": integer(Int(configuration.pad)),
            "partial_rotary_factor": .real(configuration.rotaryFraction),
            "rms_norm_eps": .real(configuration.normEpsilon.decimal),
            "rope_theta": .real(configuration.rotaryBase),
            "tie_word_embeddings": true,
            "torch_dtype": .string(type == .bf16 ? "bfloat16" : "float32"),
            "use_cache": true,
            "vocab_size": integer(configuration.vocabularySize),
        ]
    }
}
