import KernelTypes
import Tiles

// Blocks of outputs: how a product is cut into pieces whose sums fit the registers, and how those are written.

/// The sums of a block, which fill the registers: `tokens` × `registers` of rows. Its name also stands for the block's shape
/// (`Primitives.swift`).
typealias BlockSums<let registers: Int, let tokens: Int> = InlineArray<tokens, InlineArray<registers, RowFloats>>

/// Where a block lies: the first of its rows, a multiple of the registers' lanes, in a matrix of the stack, and the first of its
/// tokens, of which the first `written` are in the output already; and how many chunks of the strip come before it.
///
/// A tuple, as types of this module's own would bring metadata and with it helper functions whose names other modules share
/// (`tools/support/check-objects`).
typealias BlockOrigin = (matrix: Int, row: Int, token: Int, written: Int, pass: Int)

/// Cuts the outputs of a product into blocks: into `chunk`s where there are rows and tokens enough, else into `single`s of
/// one token and one row of tiles.
///
/// A strip is as many rows of tiles as a chunk needs for whole tiles. All tokens pass a strip before the next one is touched, so
/// that weights come from memory once. The last chunk of a strip reaches back over tokens that are done where too few are left.
@inline(__always)
func forEachBlock(
    _ product: MatrixProduct, _ rowTiles: Range<Int>, chunkRows: Int, chunkTokens: Int, chunk: (BlockOrigin) -> Void,
    single: (BlockOrigin) -> Void
) {
    let tilesPerMatrix = product.matrix.shape.rowTiles
    let tilesPerStrip = max(1, chunkRows / Tile.rows)
    var rowTile = rowTiles.lowerBound
    while rowTile < rowTiles.upperBound {
        let matrix = rowTile / tilesPerMatrix
        let first = rowTile % tilesPerMatrix
        let tiles = min(tilesPerStrip, tilesPerMatrix - first, rowTiles.upperBound - rowTile)
        let start = first * Tile.rows
        if tiles == tilesPerStrip && product.tokens >= chunkTokens {
            for done in stride(from: 0, to: product.tokens, by: chunkTokens) {
                let token = min(done, product.tokens - chunkTokens)
                if product.accumulates { fetchOutputs(product, matrix, start, token, chunkRows, chunkTokens) }
                for row in stride(from: start, to: start + tiles * Tile.rows, by: chunkRows) {
                    chunk((matrix, row, token, done - token, done / chunkTokens))
                }
            }
        } else {
            for row in stride(from: start, to: start + tiles * Tile.rows, by: Tile.rows) {
                for token in 0..<product.tokens { single((matrix, row, token, 0, 0)) }
            }
        }
        rowTile += tiles
    }
}

/// Asks for the outputs to which a chunk's sums will be added. Not inlined: the registers are the products'.
@inline(never)
private func fetchOutputs(_ product: MatrixProduct, _ matrix: Int, _ row: Int, _ token: Int, _ rows: Int, _ tokens: Int) {
    let first = product.output + (token * product.outputStride + matrix * product.matrix.shape.rows + row)
    for token in 0..<tokens {
        for row in stride(from: 0, to: rows, by: 16) { fetchAhead(first + (token * product.outputStride + row)) }
    }
}

/// Writes the sums of a register of rows: number `register` of a block, for its token number `token`.
@inline(__always)
func write(_ sums: RowFloats, register: Int, token: Int, _ origin: BlockOrigin, _ product: MatrixProduct) {
    let rows = product.matrix.shape.rows
    let row = origin.row + register * rowLanes
    let index = origin.matrix * rows + row
    let output = product.output + ((origin.token + token) * product.outputStride + index)
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
