import KernelTypes
import Tiles

/// Matrices that read the same activations.
struct Readers {
    /// Count and columns are those of all.
    let shape: MatrixShape
    /// How many blocks of these activations share a scale; nil if no matrix reads quantized ones.
    let blocksPerScale: Int?

    init(_ first: TiledMatrix, _ second: TiledMatrix? = nil, _ third: TiledMatrix? = nil) {
        func blocks(_ matrix: TiledMatrix?) -> Int {
            guard let matrix, matrix.type.isBlockQuantized else { return 0 }
            return QuantizedActivations.blocksPerScale(matrix.type)
        }
        shape = first.shape
        // Scales that a q4 matrix wants serve a q8 matrix too.
        let most = max(blocks(first), blocks(second), blocks(third))
        blocksPerScale = most > 0 ? most : nil
    }
}
