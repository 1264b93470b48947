import KernelTypes
import Tiles

/// Which outputs of a product are computed at once: some registers of rows from `row` on of a matrix, for some tokens from `token` on.
struct OutputBlock {
    var matrix: Int
    /// A multiple of the registers' lanes.
    var row: Int
    var token: Int

    /// The row of tiles in the whole stack that holds the rows.
    @inline(__always) func rowTile(_ shape: MatrixShape) -> Int { matrix * shape.rowTiles + row / Tile.rows }

    /// Writes the sums of a register of rows: number `part`, for token number `token` of the block.
    @inline(__always)
    func write(_ sums: RowFloats, part: Int, token: Int, _ product: MatrixProduct) {
        let rows = product.matrix.shape.rows
        let row = self.row + part * rowLanes
        let index = matrix * rows + row
        let output = product.output + ((self.token + token) * product.outputStride + index)
        let bias = product.bias.map { $0 + index }
        if row + rowLanes <= rows {
            var values = sums
            if let bias { values += UnsafeRawPointer(bias).loadUnaligned(as: RowFloats.self) }
            if product.accumulates { values = UnsafeRawPointer(output).loadUnaligned(as: RowFloats.self) + values }
            UnsafeMutableRawPointer(output).storeBytes(of: values, as: RowFloats.self)
        } else if row < rows {
            writePart(sums, rows - row, bias, output, product.accumulates)
        }
    }
}

/// Writes the first `count` lanes: the last rows of a matrix.
@inline(never)
private func writePart(
    _ sums: RowFloats, _ count: Int, _ bias: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>, _ accumulates: Bool
) {
    for lane in 0..<count {
        var value = sums[lane]
        if let bias { value += bias[lane] }
        output[lane] = accumulates ? output[lane] + value : value
    }
}
