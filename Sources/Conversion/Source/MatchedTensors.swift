import Checkpoint
import Griffin
import ModelFile
import System
import Tiles

/// A tensor of the model file and where its weights come from.
struct MatchedTensor: Sendable {
    var planned: PlannedTensor
    let source: CheckpointTensor
    let type: WeightType
    /// Rows of the checkpoint's matrix that are rows of the planned one, ascending; nil for all.
    var rows: [UInt32]?
    /// A tensor of the checkpoint that must hold the same numbers: a head that is stored beside the embedding to which it is tied.
    var twin: CheckpointTensor?
    /// How much an error in the weights of each input counts, matrix by matrix of a stack; nil if all count the same.
    var importance: [Float]?
    /// True if its codes are chosen with the second moments of its inputs: they are known, and the type is q4.
    var hasFeedback = false

    var description: TensorDescription {
        TensorDescription(name: planned.name, type: type, dimensions: planned.dimensions, isTiled: planned.isTiled)
    }
}

/// The tensors of a checkpoint, held against those that its configuration asks for.
struct MatchedTensors: Sendable {
    /// In the order of the model file; the embedding is the last.
    private(set) var tensors: [MatchedTensor]
    /// Names of tensors that don't belong to a RecurrentGemma, and are left out.
    let unknown: [String]

    /// Bytes of the checkpoint that are read for slices of these tensors.
    func sourceBytes(of slices: [Slice]) -> Int { slices.reduce(0) { $0 + tensors[$1.tensor].sourceBytes(of: $1) } }

    /// The head's name, in checkpoints that have one.
    static let headName = "lm_head.weight"

    /// Throws for a tensor that is missing, that the configuration doesn't ask for or that has another shape, and for what is wrong
    /// with the types asked for or the importance.
    init(
        _ checkpoint: Checkpoint, _ configuration: Configuration, preset: TypePreset, rules: [TensorTypeRule],
        importance: Importance? = nil
    ) throws(FileProblem) {
        let plan = configuration.tensorPlan
        let missing = plan.map(\.name).filter { checkpoint.tensor(named: $0) == nil }
        guard missing.isEmpty else {
            throw FileProblem(
                .content, path: checkpoint.folder,
                problem: missing.count == 1 ? "has no tensor \(missing[0])" : "has no tensors \(FileProblem.list(missing))",
                advice: "download all weight files of the model, and config.json with them")
        }
        let known = Set(plan.map(\.name) + [Self.headName])
        let others = checkpoint.tensors.map(\.name).filter { !known.contains($0) }
        let extra = others.filter(Self.isArchitectureName)
        guard extra.isEmpty else {
            throw FileProblem(
                .content, path: checkpoint.folder,
                problem: extra.count == 1
                    ? "has tensor \(extra[0]), but config.json doesn't ask for it"
                    : "has tensors \(FileProblem.list(extra)), but config.json doesn't ask for them",
                advice: "take config.json and the weights from the same download")
        }
        unknown = others
        let types = try TensorTypeRule.types(of: plan, preset: preset, rules: rules)
        var tensors: [MatchedTensor] = []
        for (planned, type) in zip(plan, types) {
            guard let source = checkpoint.tensor(named: planned.name) else { continue }
            try Self.check(source, against: planned, checkpoint)
            tensors.append(
                MatchedTensor(
                    planned: planned, source: source, type: type, importance: try importance?.inputs(of: planned),
                    hasFeedback: type == .q4 ? try importance?.hasMoments(of: planned) ?? false : false))
        }
        if let head = checkpoint.tensor(named: Self.headName), let last = tensors.indices.last {
            try Self.check(head, against: tensors[last].planned, checkpoint)
            tensors[last].twin = head
        }
        self.tensors = tensors
    }

    /// Takes only some rows of the embedding, as a configuration with a smaller vocabulary asks for. All types stay as they are, so
    /// that the weights that are left do, too.
    mutating func keep(embeddings rows: [UInt32], _ smaller: Configuration) {
        guard let last = tensors.indices.last else { return }
        tensors[last].planned = smaller.embeddingPlan
        tensors[last].rows = rows
    }

    /// True for a name of the form that RecurrentGemma's weights have: a model with such a tensor that its configuration doesn't
    /// ask for, say in an extra layer, would run without it and be another model. Tables of rotations, which some versions of
    /// transformers store, aren't weights: they follow from the configuration.
    private static func isArchitectureName(_ name: String) -> Bool {
        if name.hasSuffix(".rotary_emb.inv_freq") { return false }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts[0] == "lm_head" { return true }
        guard parts.count > 1, parts[0] == "model" else { return false }
        switch parts[1] {
        case "embed_tokens", "final_norm": return true
        case "layers": return parts.count > 2 && Int(parts[2]) != nil
        default: return false
        }
    }

    private static func check(
        _ source: CheckpointTensor, against planned: PlannedTensor, _ checkpoint: Checkpoint
    ) throws(FileProblem) {
        guard source.dimensions == planned.checkpointDimensions else {
            throw FileProblem(
                .content, path: checkpoint.path(of: source),
                problem: """
                    tensor \(source.name) has shape \(source.dimensions), but config.json asks for \(planned.checkpointDimensions)
                    """,
                advice: "take config.json and the weights from the same download")
        }
    }
}
