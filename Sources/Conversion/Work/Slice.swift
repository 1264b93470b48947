import Griffin
import Tiles

/// A part of a tensor that one thread works on at a time.
struct Slice: Sendable {
    /// Number of the tensor in the plan.
    let tensor: Int
    /// Rows of tiles, counted over the stack; empty for a plain tensor, which is one slice.
    let rowTiles: Range<Int>
    /// Its weights, without padding.
    let weightCount: Int

    /// Weights in a slice, unless its smallest unit has more: few enough that its tiles are still in the processor's cache when
    /// they are hashed and written, and enough that the hand-over from thread to thread costs nothing.
    private static let usualCount = 1 << 18

    /// The slices of the tensors, in their order. Their smallest unit is a row of tiles, or a whole matrix if it is transposed.
    static func slices(of plan: [PlannedTensor]) -> [Slice] {
        plan.enumerated().flatMap { number, tensor in
            guard let shape = tensor.matrixShape else {
                return [Slice(tensor: number, rowTiles: 0..<0, weightCount: tensor.dimensions.reduce(1, *))]
            }
            let isTransposed = tensor.transposition == .transposeEach
            let length = isTransposed ? shape.rowTiles : max(1, usualCount / (shape.columns * Tile.rows))
            let rowTileCount = shape.count * shape.rowTiles
            return stride(from: 0, to: rowTileCount, by: length).map { start in
                let rowTiles = start..<min(start + length, rowTileCount)
                let weightCount = rowTiles.reduce(0) { $0 + shape.rows(ofRowTile: $1).count * shape.columns }
                return Slice(tensor: number, rowTiles: rowTiles, weightCount: weightCount)
            }
        }
    }
}

extension MatchedTensor {
    /// Bytes of one of its slices in the model file.
    func byteCount(of slice: Slice) -> Int {
        guard let shape = planned.matrixShape else { return slice.weightCount * MemoryLayout<Float>.size }
        return slice.rowTiles.count * shape.columnTiles * type.bytesPerTile
    }

    /// Bytes of the checkpoint that are read for one of its slices.
    func sourceBytes(of slice: Slice) -> Int { slice.weightCount * (source.type.bytes + (twin?.type.bytes ?? 0)) }
}
