import Tiles

/// One tensor that a model must have: its name, its shape in the model file, and how it lies there.
public struct PlannedTensor: Equatable, Sendable {
    /// How the shape in a Hugging Face checkpoint becomes the stored one (`formats/rgq.md`, "Names, shapes and order").
    public enum Transposition: Sendable {
        /// As it is.
        case none
        /// [heads, inputs, outputs] → [heads, outputs, inputs]: the RG-LRU's gates.
        case transposeEach
        /// [width, 1, taps] → [taps, width]: the convolution.
        case tapsFirst
    }

    /// The checkpoint's name.
    public let name: String
    /// Shape in the model file, outermost dimension first.
    public let dimensions: [Int]
    /// True for matrices, which are tiled and may be quantized; false for plain f32.
    public let isTiled: Bool
    /// What the converter does to the shape.
    public let transposition: Transposition
    /// Of a matrix: the name of the first one, in file order, that reads the same input; its own name if no other does.
    public let inputName: String

    /// Shape in the checkpoint.
    public var checkpointDimensions: [Int] {
        switch transposition {
        case .none: dimensions
        case .transposeEach: [dimensions[0], dimensions[2], dimensions[1]]
        case .tapsFirst: [dimensions[1], 1, dimensions[0]]
        }
    }

    /// The tensor as a stack of matrices; nil for a plain one.
    public var matrixShape: MatrixShape? {
        guard isTiled else { return nil }
        return dimensions.count == 3
            ? MatrixShape(count: dimensions[0], rows: dimensions[1], columns: dimensions[2])
            : MatrixShape(rows: dimensions[0], columns: dimensions[1])
    }
}

extension Configuration {
    /// The name of the embedding, which is also the head.
    package static let embeddingName = "model.embed_tokens.weight"
    /// The name of the last norm.
    package static let finalNormName = "model.final_norm.weight"

    /// Every tensor of the model in the order in which a token passes it, which is the order in the file.
    /// The configuration must have no ``problem``.
    package var tensorPlan: [PlannedTensor] {
        (0..<layerCount).flatMap(layerPlan) + lastPlan
    }

    /// The tensors after the layers.
    var lastPlan: [PlannedTensor] { [.plain(Self.finalNormName, [width]), embeddingPlan] }

    /// The last tensor: the embedding, which is also the head.
    package var embeddingPlan: PlannedTensor { .matrix(Self.embeddingName, [vocabularySize, width]) }

    /// The tensors of one layer.
    package func layerPlan(_ layer: Int) -> [PlannedTensor] {
        let layerName = "model.layers.\(layer)."
        return [.plain(layerName + "temporal_pre_norm.weight", [width])]
            + (kind(ofLayer: layer) == .recurrent
                ? recurrentPlan(layerName + "temporal_block.") : attentionPlan(layerName + "temporal_block."))
            + [.plain(layerName + "channel_pre_norm.weight", [width])]
            + mlpPlan(layerName + "mlp_block.")
    }

    private func recurrentPlan(_ prefix: String) -> [PlannedTensor] {
        let gates = [headCount, gateBlockWidth, gateBlockWidth]
        return [
            .matrix(prefix + "linear_x.weight", [recurrentWidth, width]),
            .matrix(prefix + "linear_y.weight", [recurrentWidth, width], inputOf: prefix + "linear_x.weight"),
            .plain(prefix + "linear_x.bias", [recurrentWidth]),
            .plain(prefix + "linear_y.bias", [recurrentWidth]),
            .plain(prefix + "conv_1d.weight", [Self.convolutionTaps, recurrentWidth], transposition: .tapsFirst),
            .plain(prefix + "conv_1d.bias", [recurrentWidth]),
            .matrix(prefix + "rg_lru.input_gate_weight", gates, transposition: .transposeEach),
            .matrix(
                prefix + "rg_lru.recurrent_gate_weight", gates, transposition: .transposeEach,
                inputOf: prefix + "rg_lru.input_gate_weight"),
            .plain(prefix + "rg_lru.input_gate_bias", [headCount, gateBlockWidth]),
            .plain(prefix + "rg_lru.recurrent_gate_bias", [headCount, gateBlockWidth]),
            .plain(prefix + "rg_lru.recurrent_param", [recurrentWidth]),
            .matrix(prefix + "linear_out.weight", [width, recurrentWidth]),
            .plain(prefix + "linear_out.bias", [width]),
        ]
    }

    private func attentionPlan(_ prefix: String) -> [PlannedTensor] {
        [
            .matrix(prefix + "q_proj.weight", [headCount * headDimension, width]),
            .matrix(prefix + "k_proj.weight", [headDimension, width], inputOf: prefix + "q_proj.weight"),
            .matrix(prefix + "v_proj.weight", [headDimension, width], inputOf: prefix + "q_proj.weight"),
            .matrix(prefix + "o_proj.weight", [width, headCount * headDimension]),
            .plain(prefix + "o_proj.bias", [width]),
        ]
    }

    private func mlpPlan(_ prefix: String) -> [PlannedTensor] {
        [
            .matrix(prefix + "gate_proj.weight", [mlpWidth, width]),
            .matrix(prefix + "up_proj.weight", [mlpWidth, width], inputOf: prefix + "gate_proj.weight"),
            .plain(prefix + "gate_proj.bias", [mlpWidth]),
            .plain(prefix + "up_proj.bias", [mlpWidth]),
            .matrix(prefix + "down_proj.weight", [width, mlpWidth]),
            .plain(prefix + "down_proj.bias", [width]),
        ]
    }
}

extension PlannedTensor {
    fileprivate static func plain(_ name: String, _ dimensions: [Int], transposition: Transposition = .none) -> PlannedTensor {
        PlannedTensor(name: name, dimensions: dimensions, isTiled: false, transposition: transposition, inputName: name)
    }
    fileprivate static func matrix(
        _ name: String, _ dimensions: [Int], transposition: Transposition = .none, inputOf first: String? = nil
    ) -> PlannedTensor {
        PlannedTensor(name: name, dimensions: dimensions, isTiled: true, transposition: transposition, inputName: first ?? name)
    }
}
