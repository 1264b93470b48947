import KernelTypes
import Tiles

/// What a patch reads beside weights: the activations of its tokens, from a block on. A tuple, as `PatchOrigin`.
typealias PatchInputs = (
    codes: UnsafeRawPointer, scales: UnsafePointer<Float>, totals: UnsafePointer<Int32>,
    /// Blocks from one token to the next.
    stride: Int
)

/// Those of a patch, from its first block on.
@inline(__always)
func inputs(_ product: MatrixProduct, _ origin: PatchOrigin) -> PatchInputs {
    let shape = product.matrix.shape
    let blocks = shape.columnTiles * Tile.blocks
    let stride = shape.count * blocks
    let first = origin.token * stride + origin.matrix * blocks
    let quantized = product.quantized
    return (
        UnsafeRawPointer(quantized.codes + first * Tile.block), UnsafePointer(quantized.scales + first),
        UnsafePointer(quantized.sums + first), stride
    )
}
