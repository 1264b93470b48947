import Griffin
import ModelFile
import RGEdge
import Tiles

/// The multiplications and additions of a model's matrices, counted from its shape. Norms, attention, convolution and scan come on
/// top: they are not counted, so that what they cost shows as distance from the peak.
public struct WorkCount: Equatable, Sendable {
    /// Weights of the matrices that every token passes.
    public let layerWeights: Int
    /// Weights of the head, which a prompt passes once, for its last token.
    public let headWeights: Int

    /// Counts the work of a model of this shape.
    public init(_ configuration: Configuration) {
        let matrices = configuration.tensorPlan.compactMap { tensor in
            tensor.matrixShape.map { (isHead: tensor.name == Configuration.embeddingName, weights: $0.weightCount) }
        }
        layerWeights = matrices.reduce(0) { $0 + ($1.isHead ? 0 : $1.weights) }
        headWeights = matrices.reduce(0) { $0 + ($1.isHead ? $1.weights : 0) }
    }

    /// Operations of a prompt of `tokens` tokens, fed at once: two per weight.
    public func operations(prompt tokens: Int) -> Int { 2 * (layerWeights * tokens + headWeights) }
}

extension ModelFile {
    /// The type of most of the weights.
    public var mainType: WeightType {
        let matrices = tensors.filter(\.isTiled)
        func weights(_ type: WeightType) -> Int { matrices.reduce(0) { $0 + ($1.type == type ? $1.weightCount : 0) } }
        return WeightType.allCases.max { weights($0) < weights($1) } ?? .f32
    }
}
