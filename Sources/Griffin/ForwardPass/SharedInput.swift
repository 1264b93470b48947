import KernelTypes
import Tiles

/// Matrices that read the same activations.
struct SharedInput {
    /// All matrices have this count and these columns; rows may differ.
    let shape: MatrixShape
    /// How many blocks of these activations share a scale; nil if no matrix reads quantized ones.
    let blocksPerScale: Int?

    init(_ first: TiledMatrix, _ second: TiledMatrix? = nil, _ third: TiledMatrix? = nil) {
        func blocks(_ matrix: TiledMatrix?) -> Int { matrix?.type.properties.blocksPerActivationScale ?? 0 }
        shape = first.shape
        // Scales for more blocks serve a matrix that reads scales for fewer, too.
        let most = max(blocks(first), blocks(second), blocks(third))
        blocksPerScale = most > 0 ? most : nil
    }
}
