/// The shape of a stack of matrices, all of one size, as tiles: `count` × [`rows` outputs, `columns` inputs].
///
/// A plain matrix is a stack of one; the block-diagonal gates of the RG-LRU are a stack with one matrix per head. Each matrix is
/// padded by itself to whole tiles, with zeros.
public struct MatrixShape: Equatable, Sendable {
    /// Matrices in the stack.
    public let count: Int
    /// Rows of each: outputs, without padding.
    public let rows: Int
    /// Columns of each: inputs, without padding.
    public let columns: Int

    /// The largest dimension accepted, so that no product of a shape's sizes can overflow.
    public static let largestDimension = 1 << 24
    /// The largest number of matrices in a stack.
    public static let largestCount = 1 << 12

    /// Nil if a dimension is not in 1…``largestDimension``, or the count not in 1…``largestCount``.
    public init?(count: Int = 1, rows: Int, columns: Int) {
        let range = 1...MatrixShape.largestDimension
        guard (1...MatrixShape.largestCount).contains(count), range.contains(rows), range.contains(columns) else { return nil }
        self.count = count
        self.rows = rows
        self.columns = columns
    }

    /// Tiles down one matrix.
    public var rowTiles: Int { (rows + Tile.rows - 1) / Tile.rows }
    /// Tiles across one matrix.
    public var columnTiles: Int { (columns + Tile.columns - 1) / Tile.columns }
    /// Tiles of the whole stack, in file order: matrix by matrix, and in each matrix row of tiles by row of tiles.
    public var tileCount: Int { count * rowTiles * columnTiles }
    /// Bytes of the whole stack.
    public func byteCount(_ type: WeightType) -> Int { tileCount * type.bytesPerTile }
    /// The rows that row of tiles `index` holds, both counted over the whole stack: the last row of tiles of a matrix may hold
    /// fewer than ``Tile/rows``.
    public func rows(ofRowTile index: Int) -> Range<Int> {
        let first = index % rowTiles * Tile.rows
        let start = index / rowTiles * rows
        return start + first..<start + min(first + Tile.rows, rows)
    }
    /// Weights without the padding.
    public var weightCount: Int { count * rows * columns }
}
