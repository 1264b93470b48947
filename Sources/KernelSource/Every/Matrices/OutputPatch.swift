import KernelTypes
import Tiles

// Patches of outputs: how a product is cut into parts whose sums fit the registers, and how those are written.

/// The sums of a patch, which fill the registers: `tokens` × `registers` of rows. Its name also stands for the patch's shape
/// (`Primitives.swift`).
typealias PatchSums<let registers: Int, let tokens: Int> = InlineArray<tokens, InlineArray<registers, RowFloats>>

/// Where a patch lies: its matrix in the stack, its first row, a multiple of the registers' lanes, and its first token; `pass`
/// tells how many patches of tokens of the strip come before it.
///
/// A tuple: a type of this module's own would bring metadata, and with it helper functions whose names other modules share
/// (`tools/support/check-objects`).
typealias PatchOrigin = (matrix: Int, row: Int, token: Int, pass: Int)

/// Cuts the outputs of a product into patches: into full ones where there are enough rows and tokens; what is left of the tokens,
/// or a few that come together from the start, into patches of 4, 3 or 2; else into patches of one token and one row of tiles.
/// Before that `most` may compute the first tokens of a strip in its own way; it returns their number, and that of the patches.
///
/// A strip is as many rows of tiles as a full patch needs for whole tiles (a `StripPatch` needs as many). All tokens pass a strip before the next one is touched,
/// so that weights come from memory once.
@inline(__always)
func forEachPatch(
    _ product: MatrixProduct, _ rowTiles: Range<Int>, patchRows: Int, patchTokens: Int, fewRows: Int,
    most: (PatchOrigin, _ rows: Int) -> (tokens: Int, passes: Int), full: (PatchOrigin) -> Void,
    few: (PatchOrigin, _ tokens: Int) -> Void,
    token: (PatchOrigin) -> Void
) {
    let tilesPerMatrix = product.matrix.shape.rowTiles
    let tilesPerStrip = max(1, patchRows / Tile.rows)
    var rowTile = rowTiles.lowerBound
    while rowTile < rowTiles.upperBound {
        let matrix = rowTile / tilesPerMatrix
        let first = rowTile % tilesPerMatrix
        let tiles = min(tilesPerStrip, tilesPerMatrix - first, rowTiles.upperBound - rowTile)
        let start = first * Tile.rows
        let end = start + tiles * Tile.rows
        var done = 0, pass = 0
        if tiles == tilesPerStrip {
            (done, pass) = most((matrix, start, 0, 0), end - start)
            while product.tokens - done >= patchTokens {
                if product.accumulates { fetchOutputs(product, matrix, start, done, patchRows, patchTokens) }
                for row in stride(from: start, to: end, by: patchRows) { full((matrix, row, done, pass)) }
                done += patchTokens
                pass += 1
            }
            while product.tokens - done > 1 {
                // Of five 3 and 2, since one alone costs as much as 2.
                let left = product.tokens - done, tokens = left == 5 ? 3 : min(left, 4)
                for row in stride(from: start, to: end, by: fewRows) { few((matrix, row, done, pass), tokens) }
                done += tokens
                pass += 1
            }
        }
        for number in done..<product.tokens {
            for row in stride(from: start, to: end, by: Tile.rows) { token((matrix, row, number, pass)) }
        }
        rowTile += tiles
    }
}

/// Asks for the outputs to which a patch's sums will be added. Not inlined: the product needs the registers.
@inline(never)
func fetchOutputs(_ product: MatrixProduct, _ matrix: Int, _ row: Int, _ token: Int, _ rows: Int, _ tokens: Int) {
    let first = product.output + (token * product.outputStride + matrix * product.matrix.shape.rows + row)
    for token in 0..<tokens {
        for row in stride(from: 0, to: rows, by: 16) { fetchAhead(first + (token * product.outputStride + row)) }
    }
}

/// Writes the sums of a register of rows: number `register` of a patch, for its token number `token`.
@inline(__always)
func write(_ sums: RowFloats, register: Int, token: Int, _ origin: PatchOrigin, _ product: MatrixProduct) {
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
