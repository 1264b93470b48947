import Checkpoint
import Griffin
import ModelFile
import Tiles

/// A tensor of the model file and where its weights come from.
struct MatchedTensor: Sendable {
    let planned: PlannedTensor
    let source: CheckpointTensor
    let type: WeightType
    /// A tensor of the checkpoint that must hold the same numbers: a head that is stored beside the embedding to which it is tied.
    var twin: CheckpointTensor?

    var description: TensorDescription {
        TensorDescription(name: planned.name, type: type, dimensions: planned.dimensions, isTiled: planned.isTiled)
    }
}

/// The tensors of a checkpoint, held against those that its configuration asks for.
struct MatchedTensors: Sendable {
    /// In the order of the model file.
    let tensors: [MatchedTensor]
    /// Names of tensors that no RecurrentGemma has.
    let unknown: [String]

    /// The head's name, where a checkpoint has it.
    static let headName = "lm_head.weight"

    /// Throws for a tensor that is missing or has another shape, and for what is wrong with the types asked for.
    init(
        _ checkpoint: Checkpoint, _ configuration: Configuration, type: WeightType, rules: [TensorTypeRule]
    ) throws(ConversionError) {
        let plan = configuration.tensorPlan
        let missing = plan.map(\.name).filter { checkpoint.tensor(named: $0) == nil }
        guard missing.isEmpty else {
            throw ConversionError(
                .source, path: checkpoint.folder,
                problem: missing.count == 1 ? "has no tensor \(missing[0])" : "has no tensors \(ConversionError.list(missing))",
                advice: "download all weight files of the model, and config.json with them")
        }
        let types = try TensorTypeRule.types(of: plan, default: type, rules: rules)
        var tensors: [MatchedTensor] = []
        for (planned, type) in zip(plan, types) {
            guard let source = checkpoint.tensor(named: planned.name) else { continue }
            try Self.check(source, against: planned, checkpoint)
            tensors.append(MatchedTensor(planned: planned, source: source, type: type))
        }
        if let head = checkpoint.tensor(named: Self.headName), let last = tensors.indices.last {
            try Self.check(head, against: tensors[last].planned, checkpoint)
            tensors[last].twin = head
        }
        self.tensors = tensors

        let known = Set(plan.map(\.name) + [Self.headName])
        unknown = checkpoint.tensors.map(\.name).filter { !known.contains($0) }
    }

    private static func check(
        _ source: CheckpointTensor, against planned: PlannedTensor, _ checkpoint: Checkpoint
    ) throws(ConversionError) {
        guard source.dimensions == planned.checkpointDimensions else {
            throw ConversionError(
                .source, path: checkpoint.path(of: source),
                problem: """
                    tensor \(source.name) has shape \(source.dimensions), but config.json asks for \(planned.checkpointDimensions)
                    """,
                advice: "take config.json and the weights from the same download")
        }
    }
}
