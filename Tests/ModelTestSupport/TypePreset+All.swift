import Conversion
import Tiles

extension TypePreset {
    /// All matrices in one type.
    public init(all type: WeightType) {
        switch type {
        case .q4: self = .q4Small
        case .q8: self = .q8
        case .f16: self = .f16
        case .f32: self = .f32
        }
    }
}
