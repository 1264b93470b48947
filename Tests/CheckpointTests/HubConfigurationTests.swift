import Foundation
import JSON
import System
import TestSupport
import Testing

@testable import Checkpoint

@Suite struct HubConfigurationTests {
    /// Reads the plain configuration with some keys changed; nil removes one.
    static func read(_ changes: [String: JSONValue?] = [:]) throws(FileProblem) -> HubConfiguration {
        var object = CheckpointBuilder.plainConfiguration
        for (key, value) in changes { object[key] = value }
        return try HubConfiguration(parsing: JSONValue.object(object).serialized(), path: "x/config.json")
    }

    /// As google/recurrentgemma-2b-it has it.
    static let published = #"""
        {"architectures": ["RecurrentGemmaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
         "attention_window_size": 2048, "_block_types": ["recurrent", "recurrent", "attention"], "bos_token_id": 2,
         "conv1d_width": 4, "embeddings_scale_by_sqrt_dim": true, "eos_token_id": 1,
         "final_w_init_variance_scale": 0.07692307692307693, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
         "hidden_size": 2560, "intermediate_size": 15360, "logits_soft_cap": 30.0, "lru_width": 2560,
         "model_type": "recurrent_gemma", "num_attention_heads": 10, "num_hidden_layers": 26, "num_key_value_heads": 1,
         "pad_token_id": 0, "partial_rotary_factor": 0.5, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
         "torch_dtype": "bfloat16", "transformers_version": "4.42.0.dev0", "use_cache": true, "vocab_size": 256000,
         "w_init_variance_scale": 0.01}
        """#

    @Test func thePublishedConfigurationIsRead() throws {
        let model = try HubConfiguration(parsing: Array(Self.published.utf8), path: "config.json")
        #expect(
            model.vocabularySize == 256_000 && model.hiddenSize == 2560 && model.layerCount == 26 && model.headCount == 10)
        #expect(
            model.headDimension == 256 && model.keyValueHeadCount == 1 && model.recurrentWidth == 2560
                && model.intermediateSize == 15_360)
        #expect(
            model.window == 2048 && model.blockTypes == ["recurrent", "recurrent", "attention"]
                && model.convolutionWidth == 4)
        #expect(
            model.ropeTheta == 10_000 && model.partialRotaryFactor == 0.5 && model.rmsNormEpsilon == 1e-6
                && model.logitsSoftCap == 30)
        #expect(model.bos == 2 && model.eos == 1 && model.pad == 0)
    }

    @Test func absentKeysHaveTransformersDefaults() throws {
        let model = try Self.read()
        #expect(model.headDimension == 64 && model.recurrentWidth == 128 && model.convolutionWidth == 4)
        #expect(model.blockTypes == ["recurrent", "recurrent", "attention"])
        #expect(
            model.ropeTheta == 10_000 && model.partialRotaryFactor == 0.5 && model.rmsNormEpsilon == 1e-6
                && model.logitsSoftCap == 30)
        #expect(model.bos == 2 && model.eos == 1 && model.pad == 0)
    }

    @Test func nullIsAbsent() throws {
        let plain = try Self.read()
        for key in [
            "lru_width", "head_dim", "block_types", "rope_theta", "rope_parameters", "rope_scaling", "quantization_config",
            "eos_token_id",
        ] {
            #expect(try Self.read([key: JSONValue.null]) == plain)
        }
        #expect(try Self.read(["rope_parameters": ["rope_theta": .null, "rope_type": .null]]) == plain)
    }

    @Test func theRecurrentWidthMayDiffer() throws {
        #expect(try Self.read(["lru_width": 192]).recurrentWidth == 192)
    }

    @Test func blockTypesMayBeSpelledTheOldWay() throws {
        let types: JSONValue = ["attention", "recurrent"]
        #expect(try Self.read(["_block_types": types]).blockTypes == ["attention", "recurrent"])
        #expect(try Self.read(["block_types": types]).blockTypes == ["attention", "recurrent"])
        #expect(try Self.read(["_block_types": types, "block_types": types]).blockTypes == ["attention", "recurrent"])
    }

    @Test func ropeMayBeNested() throws {
        let nested: JSONValue = ["rope_theta": 500.0, "partial_rotary_factor": 0.25, "rope_type": "default"]
        let model = try Self.read(["rope_parameters": nested])
        #expect(model.ropeTheta == 500 && model.partialRotaryFactor == 0.25)
        #expect(try Self.read(["rope_parameters": nested, "rope_theta": 500]).ropeTheta == 500)
    }

    @Test func theFirstEndTokenOfAListCounts() throws {
        #expect(try Self.read(["eos_token_id": [1, 107]]).eos == 1)
    }

    /// A change and what the error says about it.
    static let faults: [(changes: [String: JSONValue?], problem: String)] = [
        (["model_type": JSONValue?.none], "has no \"model_type\""), (["model_type": "llama"], "model_type is \"llama\""),
        (
            ["architectures": ["RecurrentGemmaModel"]],
            "architectures is [\"RecurrentGemmaModel\"], without RecurrentGemmaForCausalLM"
        ),
        (["architectures": "RecurrentGemmaForCausalLM"], "architectures is "),
        (["vocab_size": JSONValue?.none], "has no \"vocab_size\""),
        (["hidden_size": JSONValue?.none], "has no \"hidden_size\""),
        (["num_hidden_layers": JSONValue?.none], "has no \"num_hidden_layers\""),
        (["num_attention_heads": JSONValue?.none], "has no \"num_attention_heads\""),
        (["intermediate_size": JSONValue?.none], "has no \"intermediate_size\""),
        (["attention_window_size": nil], "has no \"attention_window_size\""),
        (["vocab_size": 0], "vocab_size is 0, not a whole number in 1…4194304"),
        (["vocab_size": 4_194_305], "vocab_size is 4194305"),
        (["hidden_size": -1], "hidden_size is -1"), (["hidden_size": "128"], "hidden_size is \"128\""),
        (["hidden_size": 128.5], "hidden_size is 128.5"),
        (["num_hidden_layers": 1025], "num_hidden_layers is 1025"),
        (["num_attention_heads": 0], "num_attention_heads is 0"),
        (["attention_window_size": .integer(.max)], "attention_window_size is 9223372036854775807"),
        (["lru_width": true], "lru_width is true"),
        (
            ["num_attention_heads": 3],
            "hidden_size 128 is not a multiple of num_attention_heads 3, and there is no head_dim"
        ),
        (["num_attention_heads": 256], "hidden_size 128 is not a multiple of num_attention_heads 256"),
        (["head_dim": 1_048_576], "num_attention_heads 2 × head_dim 1048576 is over 1048576"),
        (["head_dim": 0], "head_dim is 0"),
        (["lru_width": 129], "lru_width 129 is not a multiple of num_attention_heads 2"),
        (["intermediate_size": 767], "intermediate_size 767 is odd"),
        (["num_key_value_heads": 2], "num_key_value_heads is 2"),
        (["num_key_value_heads": JSONValue?.none], "num_key_value_heads is 2, but RecurrentGemma has 1"),
        (["conv1d_width": 3], "conv1d_width is 3, but RecurrentGemma has 4"),
        (["rope_theta": 1], "rope_theta is 1.0, not above 1"),
        (["rope_theta": "x"], "rope_theta is \"x\", not a number"),
        (["partial_rotary_factor": 0], "partial_rotary_factor is 0.0"),
        (["partial_rotary_factor": 1.5], "partial_rotary_factor is 1.5"),
        (["partial_rotary_factor": 0.01], "is not an even number"),
        (["rope_parameters": ["rope_theta": 5], "rope_theta": 6], "rope_theta differs from the one in rope_parameters"),
        (["rope_parameters": [1]], "rope_parameters is [1], not an object"),
        (["rope_parameters": ["rope_type": "yarn"]], "rope_type is \"yarn\""),
        (["rope_scaling": ["type": "linear"]], "rope_scaling is "), (["rms_norm_eps": 0], "rms_norm_eps is 0.0"),
        (["rms_norm_eps": 1], "rms_norm_eps is 1.0"),
        (["logits_soft_cap": 0], "logits_soft_cap is 0.0"), (["logits_soft_cap": -30], "logits_soft_cap is -30.0"),
        (["bos_token_id": 512], "bos_token_id is 512, not a token of the vocabulary of 512"),
        (["eos_token_id": []], "eos_token_id is []"),
        (["pad_token_id": -1], "pad_token_id is -1"),
        (["hidden_activation": "relu"], "hidden_activation is \"relu\", not \"gelu_pytorch_tanh\""),
        (["attention_bias": true], "attention_bias is true"),
        (["tie_word_embeddings": false], "tie_word_embeddings is false"),
        (["embeddings_scale_by_sqrt_dim": false], "embeddings_scale_by_sqrt_dim is false"),
        (["quantization_config": ["bits": 4]], "has a \"quantization_config\""), (["block_types": []], "block_types is []"),
        (["block_types": ["recurrent", "mamba"]], "block_types is "),
        (["block_types": ["recurrent", 1]], "block_types is "),
        (["block_types": "recurrent"], "block_types is "),
        (["block_types": ["attention"], "_block_types": ["recurrent"]], "block_types and _block_types differ"),
        (["_block_types": ["mamba"]], "block_types is [\"mamba\"]"),
    ]

    @Test(arguments: faults.indices) func whatCanNotBeRunIsRefused(_ index: Int) {
        let fault = Self.faults[index]
        let error = #expect(throws: FileProblem.self) { try Self.read(fault.changes) }
        #expect(error?.problem.contains(fault.problem) == true, "\(error?.description ?? "no error")")
        #expect(error?.path == "x/config.json" && error?.advice.isEmpty == false)
    }

    @Test(arguments: [
        ("", "is not valid JSON: the text is empty"), ("{", "is not valid JSON"), ("[]", "is not a JSON object"),
        ("7", "is not a JSON object"),
    ])
    func whatIsNoObjectIsRefused(_ text: String, _ problem: String) {
        let error = #expect(throws: FileProblem.self) {
            try HubConfiguration(parsing: Array(text.utf8), path: "config.json")
        }
        #expect(error?.problem.contains(problem) == true)
    }

    @Test func valuesAreShownHarmlesslyAndShort() {
        let error = #expect(throws: FileProblem.self) {
            try Self.read(["model_type": .string("\u{1B}[2J" + String(repeating: "x", count: 9000))])
        }
        #expect(error?.description.utf8.contains(0x1B) == false)
        #expect(error.map { $0.description.count < 400 } == true)
    }
}
