import KernelTypes
import Tiles

// Products of q8 and q4 matrices: many tokens with a strip of unpacked weights, four by pairs, the others by dot products of four.

func multiplyQ8(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(product, rowTiles, memory, strip: multiplyStripQ8, four: multiplyFourQ8, tiles: multiplyTilesQ8)
}

func multiplyQ4(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(product, rowTiles, memory, strip: multiplyStripQ4, four: multiplyFourQ4, tiles: multiplyTilesQ4)
}

@inline(__always)
private func multiply(
    _ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?,
    strip: (MatrixProduct, PatchOrigin, _ rows: Int, UnsafeMutableRawPointer) -> (tokens: Int, passes: Int),
    four: (MatrixProduct, PatchOrigin, UnsafeRawPointer) -> Void, tiles: (MatrixProduct, PatchOrigin, _ tokens: Int) -> Void
) {
    // The matrix of the stack whose tokens' pairs are in memory.
    var paired = -1
    forEachPatch(
        product, rowTiles, patchRows: Tile.rows, patchTokens: fourTokens, fewRows: Tile.rows,
        most: {
            guard let memory, product.tokens >= fourTokens else { return (0, 0) }
            if product.tokens >= fewestTokensUnpacked { return strip(product, $0, $1, memory) }
            if paired != $0.matrix {
                pairTokens(product, $0, to: memory)
                paired = $0.matrix
            }
            four(product, $0, memory)
            return (fourTokens, 1)
        },
        full: { tiles(product, $0, fourTokens) }, few: { tiles(product, $0, $1) }, token: { tiles(product, $0, 1) })
}
