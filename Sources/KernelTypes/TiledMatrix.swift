import Tiles

/// A stack of matrices as it lies in a mapped model file: the tiles that kernels read in place (`formats/rgq.md`, "Tiles").
///
/// Does not own its memory: whoever makes one keeps the file mapped.
public struct TiledMatrix: @unchecked Sendable {
    /// The first tile; a multiple of 64.
    public let tiles: UnsafeRawPointer
    /// The matrix, or the stack of them.
    public let shape: MatrixShape
    /// What its weights are stored as.
    public let type: WeightType
    /// The tensor's number in the order of its file; 0 if it is of no file.
    public let number: Int

    /// A matrix in memory that outlives it.
    public init(tiles: UnsafeRawPointer, shape: MatrixShape, type: WeightType, number: Int = 0) {
        self.tiles = tiles
        self.shape = shape
        self.type = type
        self.number = number
    }

    /// Rows of tiles in the whole stack: the unit in which a product is split among threads.
    public var rowTileCount: Int { shape.count * shape.rowTiles }
}
