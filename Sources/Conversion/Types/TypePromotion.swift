import Griffin
import Tiles

/// Which matrices of a q4 file are kept in q8, within a budget of bits.
///
/// Kinds of matrices are ordered by what int4 costs in them: the KL divergence to f32 per weight that is stored in q4 instead,
/// measured on the small English model with one kind in q4 at a time (`formats/quantization.md`, "Presets"). From the first on, a
/// kind is kept in q8, in all layers, if the file is still within the budget then. A kind that is too large for it is passed over,
/// as the embedding is with a vocabulary of 256,000 pieces.
enum TypePromotion {
    /// Endings of names, costliest kind first.
    static let order = [
        "embed_tokens.weight", "linear_out.weight", "linear_x.weight", "linear_y.weight", "v_proj.weight", "k_proj.weight",
        "gate_proj.weight", "rg_lru.input_gate_weight", "down_proj.weight", "up_proj.weight", "o_proj.weight",
        "rg_lru.recurrent_gate_weight", "q_proj.weight",
    ]

    /// The names of the matrices of a plan to keep in q8, so that all matrices together have at most `budget` bits per weight.
    static func names(in plan: [PlannedTensor], budget: Double) -> Set<String> {
        let shapes = plan.compactMap { tensor in tensor.matrixShape.map { (name: tensor.name, shape: $0) } }
        let weights = shapes.reduce(0) { $0 + $1.shape.weightCount }
        var bytes = shapes.reduce(0) { $0 + $1.shape.byteCount(.q4) }
        var names: Set<String> = []
        for kind in order {
            let matrices = shapes.filter { $0.name.hasSuffix(kind) }
            let cost = matrices.reduce(0) { $0 + $1.shape.byteCount(.q8) - $1.shape.byteCount(.q4) }
            guard 8 * Double(bytes + cost) <= budget * Double(weights) else { continue }
            bytes += cost
            names.formUnion(matrices.map(\.name))
        }
        return names
    }
}
