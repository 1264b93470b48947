import Conversion
import Foundation
import ModelFile
import System
import TestSupport
import Testing
import Tiles

/// Each is refused with one clause, and leaves nothing in the target's folder.
@Suite struct BadCheckpointTests {
    private let target: TemporaryFolder

    init() throws { target = try TemporaryFolder() }

    /// The error for a checkpoint that `change` has spoiled, with its folder's path replaced by `SRC`.
    private func error(
        _ options: Conversion.Options = Conversion.Options(), _ change: (inout EditableCheckpoint) throws -> Void
    ) throws -> String? {
        var checkpoint = try EditableCheckpoint.small()
        try change(&checkpoint)
        let folder = try checkpoint.write()
        let error = try conversionError(folder, options, target: target)
        if let error { #expect(error.kind == .content || error.kind == .io) }
        return error?.description.replacingOccurrences(of: folder.path, with: "SRC")
    }

    @Test func theCheckpointItselfIsGood() throws {
        #expect(try error { _ in } == nil)
    }

    @Test func aMissingTensorIsNamed() throws {
        #expect(
            try error { $0["model.layers.1.mlp_block.up_proj.bias"] = nil } == """
                SRC: has no tensor model.layers.1.mlp_block.up_proj.bias; \
                download all weight files of the model, and config.json with them
                """)
    }

    @Test func ofManyMissingTensorsAFewAreNamed() throws {
        #expect(
            try error { $0.configuration["num_hidden_layers"] = 4 } == """
                SRC: has no tensors model.layers.3.temporal_pre_norm.weight, model.layers.3.temporal_block.linear_x.weight, \
                model.layers.3.temporal_block.linear_y.weight and 18 more; \
                download all weight files of the model, and config.json with them
                """)
    }

    @Test func aMisshapenTensorIsNamedWithBothShapes() throws {
        #expect(
            try error { $0["model.layers.0.temporal_block.linear_x.weight"]?.shape = [64, 256] } == """
                SRC/model.safetensors: tensor model.layers.0.temporal_block.linear_x.weight has shape [64, 256], but config.json \
                asks for [128, 128]; take config.json and the weights from the same download
                """)
        // For a transposed tensor, the shape in the checkpoint.
        #expect(
            try error { $0["model.layers.0.temporal_block.conv_1d.weight"]?.shape = [128, 4] } == """
                SRC/model.safetensors: tensor model.layers.0.temporal_block.conv_1d.weight has shape [128, 4], but config.json \
                asks for [128, 1, 4]; take config.json and the weights from the same download
                """)
    }

    @Test func anExtraTensorIsNamed() throws {
        for name in [
            "model.layers.0.extra.weight", "model.layers.2.temporal_block.q_proj.bias", "model.layers.3.temporal_pre_norm.weight",
            "model.embed_tokens.bias", "model.final_norm.bias", "lm_head.bias",
        ] {
            #expect(
                try error { $0[name] = .init(name: name, shape: [1], floats: [1]) } == """
                    SRC: has tensor \(name), but config.json doesn't ask for it; \
                    take config.json and the weights from the same download
                    """)
        }
    }

    @Test func ofALayerTooManyAFewTensorsAreNamed() throws {
        #expect(
            try error { $0.configuration["num_hidden_layers"] = 2 } == """
                SRC: has tensors model.layers.2.channel_pre_norm.weight, model.layers.2.mlp_block.down_proj.bias, \
                model.layers.2.mlp_block.down_proj.weight and 10 more, but config.json doesn't ask for them; \
                take config.json and the weights from the same download
                """)
    }

    @Test func tensorsOfOtherThingsAreLeftOutWithAWarning() throws {
        let names = [
            "layers.0.mlp_block.up_proj.bias", "model", "model.layers.2.temporal_block.rotary_emb.inv_freq",
            "model.layers.x.weight",
            "vision.weight",
        ]
        var checkpoint = try EditableCheckpoint.small()
        for name in names { checkpoint[name] = .init(name: name, shape: [2], floats: [1, 2]) }
        let folder = try checkpoint.write()
        let conversion = try withExtendedLifetime(folder) { try Conversion(source: folder.path) }
        #expect(
            conversion.warnings == [
                "\(folder.path): left out tensors that are not part of RecurrentGemma: \(names.joined(separator: ", "))"
            ])
        #expect(!conversion.descriptions.contains { names.contains($0.name) })
        #expect(try Conversion(.small()).warnings == [])
    }

    @Test func aHeadThatIsTheEmbeddingIsNoError() throws {
        var checkpoint = try EditableCheckpoint.small()
        var head = try #require(checkpoint["model.embed_tokens.weight"])
        head.name = "lm_head.weight"
        checkpoint["lm_head.weight"] = head
        #expect(try Conversion(checkpoint).warnings == [])
        let with = try ConvertedModel(checkpoint).file, without = try ConvertedModel(.small()).file
        #expect(with.tensors.map(\.checksum) == without.tensors.map(\.checksum))
    }

    @Test func aHeadInAnotherTypeWithTheSameNumbersIsNoError() throws {
        #expect(
            try error { checkpoint in
                let embedding = try #require(checkpoint["model.embed_tokens.weight"])
                // Numbers that bf16 holds: the upper halves of the f32.
                let floats = embedding.floats.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
                checkpoint["model.embed_tokens.weight"]?.floats = floats
                checkpoint["lm_head.weight"] = .init(
                    name: "lm_head.weight", type: "BF16", shape: embedding.shape,
                    data: floats.flatMap { [UInt8(truncatingIfNeeded: $0.bitPattern >> 16), UInt8($0.bitPattern >> 24)] })
            } == nil)
    }

    @Test func aHeadThatIsNotTheEmbeddingIsAnError() throws {
        #expect(
            try error { checkpoint in
                var head = try #require(checkpoint["model.embed_tokens.weight"])
                head.name = "lm_head.weight"
                head.data[head.data.count - 4] ^= 1
                checkpoint["lm_head.weight"] = head
            } == """
                SRC/model.safetensors: tensor lm_head.weight differs from model.embed_tokens.weight, to which RecurrentGemma ties \
                it; only models whose head is their embedding can be converted: remove the tensor if it is a mistake
                """)
        #expect(
            try error { $0["lm_head.weight"] = .init(name: "lm_head.weight", shape: [1], floats: [1]) } == """
                SRC/model.safetensors: tensor lm_head.weight has shape [1], but config.json asks for [512, 128]; \
                take config.json and the weights from the same download
                """)
    }

    @Test(arguments: [
        ("model.layers.2.temporal_block.q_proj.weight", Float.nan, "a NaN", [15, 27]),
        ("model.embed_tokens.weight", .infinity, "an infinity", [15, 27]),
        ("model.layers.0.temporal_block.rg_lru.recurrent_gate_weight", -.infinity, "an infinity", [0, 30, 59]),
        ("model.layers.0.temporal_block.rg_lru.recurrent_param", .nan, "a NaN", [7]),
    ])
    func aWeightThatIsNotFiniteIsNamedWithItsPlace(name: String, value: Float, words: String, place: [Int]) throws {
        #expect(
            try error { checkpoint in
                var tensor = try #require(checkpoint[name])
                var floats = tensor.floats
                floats[zip(place, tensor.shape).reduce(0) { $0 * $1.1 + $1.0 }] = value
                tensor.floats = floats
                checkpoint[name] = tensor
            } == """
                SRC/model.safetensors: tensor \(name) has \(words) at \(place); \
                download the file again, or take a checkpoint whose weights are all finite
                """)
    }

    @Test(arguments: [(WeightType.f16, Float(65_520)), (.q8, 8_321_040), (.q4, -524_160)])
    func aWeightThatItsTypeCantHoldIsAnErrorThatSaysWhatToDo(type: WeightType, value: Float) throws {
        let name = "model.layers.1.mlp_block.down_proj.weight"
        func spoil(_ checkpoint: inout EditableCheckpoint) { checkpoint[name]?.floats[1234] = value }
        #expect(
            try error(.type(type), spoil) == """
                SRC/model.safetensors: tensor \(name) has a weight of \(value), too large for \(type.name); \
                keep it in f32 with --tensor-type '\(name)=f32'
                """)
        #expect(try error(.type(type, rules: ["\(name)=f32"]), spoil) == nil)
    }

    @Test func theFirstFaultInFileOrderIsNamedForAnyNumberOfThreads() throws {
        for threads in [1, 2, 5] {
            var options = Conversion.Options()
            options.threads = threads
            let description = try error(options) { checkpoint in
                for layer in 0..<3 { checkpoint["model.layers.\(layer).mlp_block.up_proj.weight"]?.floats[77] = .nan }
            }
            #expect(description?.contains("model.layers.0.mlp_block.up_proj.weight") == true)
        }
    }

    @Test(arguments: [
        ("config.json", "is missing"), ("tokenizer.model", "is missing"), ("model.safetensors", "is missing"),
    ])
    func aMissingFileIsNamed(name: String, problem: String) throws {
        let folder = try EditableCheckpoint.small().write()
        try FileManager.default.removeItem(atPath: folder.file(name))
        let error = try #require(try conversionError(folder, target: target))
        #expect(error.path == folder.file(name))
        #expect(error.problem == problem)
    }

    @Test func aFolderThatIsNoneIsNamed() throws {
        func problem(_ source: String) -> String? {
            #expect(throws: FileProblem.self) { try Conversion(source: source) }?.problem
        }
        #expect(problem(target.file("none")) == "no such folder")
        #expect(problem(try target.write([1], to: "file")) == "is a file, not a folder")
    }

    @Test func anotherArchitectureIsRefused() throws {
        #expect(
            try error { $0.configuration["model_type"] = "llama" } == """
                SRC/config.json: model_type is "llama"; only RecurrentGemma models can be converted, such as \
                google/recurrentgemma-2b-it
                """)
    }

    @Test func aCutFileIsRefused() throws {
        let folder = try EditableCheckpoint.small().write()
        let path = folder.file("model.safetensors")
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(truncate(path, off_t(size - 1000)) == 0)
        let error = try #require(try conversionError(folder, target: target))
        #expect(error.path == path)
        #expect(error.problem.contains("the file is cut or its header is damaged"))
    }

    @Test func moreHeadsThanAStackCanHaveAreRefused() throws {
        #expect(
            try error { checkpoint in
                checkpoint.configuration["num_attention_heads"] = 8192
                checkpoint.configuration["head_dim"] = 4
                checkpoint.configuration["lru_width"] = 8192
            } == """
                SRC/config.json: describes a model that can't be run: head_count is 8192, not in 1…4096; \
                take config.json from the same download as the weights
                """)
    }

    /// Without the limit, a sparse file of 4 TB would ask for as much memory.
    @Test func gateBlocksTooWideToTurnInMemoryAreRefused() throws {
        #expect(
            try error { checkpoint in
                checkpoint.configuration["num_attention_heads"] = 1
                checkpoint.configuration["lru_width"] = 4097
            } == """
                SRC/config.json: describes gates in blocks of 4097 channels (lru_width / num_attention_heads), more than the 4096 \
                that can be converted; take config.json from the same download as the weights
                """)
    }

    @Test(arguments: [0, -1, 1025])
    func anImpossibleNumberOfThreadsIsRefused(threads: Int) throws {
        var options = Conversion.Options()
        options.threads = threads
        let error = try conversionError(EditableCheckpoint.small().write(), options, target: target)
        #expect(error?.description == "--threads: \(threads) threads are not possible; give a number in 1…1024")
    }
}
