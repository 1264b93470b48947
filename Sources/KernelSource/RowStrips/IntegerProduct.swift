import KernelTypes
import Tiles

// Products of q8 and q4 matrices: many tokens with a strip of unpacked weights, the others four, three, two or one at a time.

func multiplyQ8(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(product, rowTiles, strip, strips: multiplyStripQ8, tiles: multiplyTilesQ8)
}

func multiplyQ4(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(product, rowTiles, strip, strips: multiplyStripQ4, tiles: multiplyTilesQ4)
}

@inline(__always)
private func multiply(
    _ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?,
    strips: (MatrixProduct, PatchOrigin, _ rows: Int, UnsafeMutableRawPointer) -> (tokens: Int, passes: Int),
    tiles: (MatrixProduct, PatchOrigin, _ tokens: Int) -> Void
) {
    forEachPatch(
        product, rowTiles, patchRows: Tile.rows, patchTokens: 4, fewRows: Tile.rows,
        most: {
            guard let strip, product.tokens >= fewestTokensUnpacked else { return (0, 0) }
            return strips(product, $0, $1, strip)
        },
        full: { tiles(product, $0, 4) }, few: { tiles(product, $0, $1) }, token: { tiles(product, $0, 1) })
}
