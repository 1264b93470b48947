/// How the numbers of a tensor are stored in a safetensors file.
public enum ElementType: String, Sendable {
    case f32 = "F32"
    case f16 = "F16"
    /// bfloat16: the upper half of an f32.
    case bf16 = "BF16"

    /// Bytes per number.
    public var bytes: Int { self == .f32 ? 4 : 2 }
}

/// A tensor of a checkpoint.
public struct CheckpointTensor: Equatable, Sendable {
    /// As in the checkpoint: `model.layers.0.temporal_block.linear_x.weight`.
    public let name: String
    /// How each number is stored.
    public let type: ElementType
    /// Outermost dimension first; numbers lie row-major.
    public let dimensions: [Int]
    /// Numbers in the tensor: the product of its dimensions.
    public let count: Int
    /// Which of the checkpoint's weight files holds it.
    let file: Int
    /// Its bytes in that file.
    public let byteRange: Range<Int>

    /// The indices of a number along the dimensions, as in `[3, 45]`.
    func indices(of element: Int) -> [Int] {
        var rest = element
        return Array(
            dimensions.reversed().map { size in
                defer { rest /= size }
                return rest % size
            }.reversed())
    }
}
