import Griffin
import Tiles

/// How the matrices of a model file are stored, by name.
public enum TypePreset: String, CaseIterable, Sendable {
    /// All matrices in int4: 4.5 bits per weight.
    case q4Small = "q4-small"
    /// int4, and int8 where int4 costs most, up to 4.9 bits per weight.
    case q4
    /// The same up to 5.7 bits per weight.
    case q4Large = "q4-large"
    case q8, f16, f32

    /// The type of matrices for which no rule says another.
    public var type: WeightType {
        switch self {
        case .q4Small, .q4, .q4Large: .q4
        case .q8: .q8
        case .f16: .f16
        case .f32: .f32
        }
    }

    /// The type of each tensor of a plan; f32 for plain ones.
    public func types(of plan: [PlannedTensor]) -> [WeightType] {
        let promoted = budget.map { TypePromotion.names(in: plan, budget: $0) } ?? []
        return plan.map { tensor in tensor.isTiled ? promoted.contains(tensor.name) ? .q8 : type : .f32 }
    }

    /// Bits per weight, over all matrices, up to which the matrices that int4 hurts most are kept in q8; nil if none are.
    public var budget: Double? {
        switch self {
        case .q4: 4.9
        case .q4Large: 5.7
        case .q4Small, .q8, .f16, .f32: nil
        }
    }
}
