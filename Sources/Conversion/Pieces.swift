import Griffin
import Tiles

/// A part of a tensor that one thread converts at a time.
struct Piece: Sendable {
    /// Number of the tensor.
    let tensor: Int
    /// Rows of tiles, counted over the stack; empty for a plain tensor, which is one piece.
    let rowTiles: Range<Int>
    /// Bytes in the model file.
    let byteCount: Int
    /// Bytes of the checkpoint that are read for it.
    let sourceBytes: Int

    /// Weights in a piece, unless its smallest unit has more: so few that its tiles are still in the processor's cache when they are
    /// hashed and written, so many that the hand-over from thread to thread costs nothing.
    private static let weights = 1 << 18

    /// The pieces of the tensors, in file order. Their smallest unit is a row of tiles; of turned matrices, a whole matrix.
    static func pieces(of tensors: [MatchedTensor]) -> [Piece] {
        tensors.enumerated().flatMap { number, tensor in
            guard let shape = tensor.planned.matrixShape else {
                let count = tensor.source.count
                return [
                    Piece(
                        tensor: number, rowTiles: 0..<0, byteCount: count * MemoryLayout<Float>.size,
                        sourceBytes: count * tensor.source.type.bytes)
                ]
            }
            let isTurned = tensor.planned.turn == .transposeEach
            let length = isTurned ? shape.rowTiles : max(1, weights / (shape.columns * Tile.rows))
            let rowTileCount = shape.count * shape.rowTiles
            return stride(from: 0, to: rowTileCount, by: length).map { start in
                let rowTiles = start..<min(start + length, rowTileCount)
                let weights = rowTiles.reduce(0) { $0 + shape.rows(ofRowTile: $1).count * shape.columns }
                return Piece(
                    tensor: number, rowTiles: rowTiles, byteCount: rowTiles.count * shape.columnTiles * tensor.type.bytesPerTile,
                    sourceBytes: weights * (tensor.source.type.bytes + (tensor.twin?.type.bytes ?? 0)))
            }
        }
    }
}
