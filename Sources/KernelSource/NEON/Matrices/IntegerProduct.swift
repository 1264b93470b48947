import CSIMD
import KernelTypes
import Tiles

// Products of q8 and q4 matrices. The generic functions are private so that only these two versions of them exist.

func multiplyQ8(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(Q8Codes.self, Q8StripPatch.self, product, rowTiles, strip)
}

func multiplyQ4(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ strip: UnsafeMutableRawPointer?, asksForEachLine _: Bool) {
    multiply(Q4Codes.self, Q4StripPatch.self, product, rowTiles, strip)
}

/// Many tokens with a strip of unpacked weights; the others four, three, two or one at a time.
@inline(__always)
private func multiply<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ patch: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ rowTiles: Range<Int>,
    _ strip: UnsafeMutableRawPointer?
) {
    forEachPatch(
        product, rowTiles, patchRows: Tile.rows, patchTokens: 4, fewRows: Tile.rows,
        most: {
            guard let strip, product.tokens >= fewestTokensUnpacked else { return 0 }
            return multiplyStrip(codes, patch, product, $0, rows: $1, strip)
        },
        full: { multiplyFew(codes, FourTokenPatch.self, product, $0) },
        few: {
            switch $1 {
            case 2: multiplyFew(codes, TwoTokenPatch.self, product, $0)
            case 3: multiplyFew(codes, ThreeTokenPatch.self, product, $0)
            default: multiplyFew(codes, FourTokenPatch.self, product, $0)
            }
        }, token: { multiplyFew(codes, TokenPatch.self, product, $0) })
}

// Patches of weights that are unpacked in registers.
private typealias TokenPatch = PatchSums<4, 1>
private typealias TwoTokenPatch = PatchSums<2, 2>
private typealias ThreeTokenPatch = PatchSums<1, 3>
private typealias FourTokenPatch = PatchSums<1, 4>

/// A row of tiles for a few tokens. In a function of its own: with all shapes in one, the compiler keeps fewer sums in registers.
@inline(never)
private func multiplyFew<Codes: ByteCodes, let registers: Int, let tokens: Int>(
    _ codes: Codes.Type, _ sums: PatchSums<registers, tokens>.Type, _ product: MatrixProduct, _ origin: PatchOrigin
) {
    for row in stride(from: origin.row, to: origin.row + Tile.rows, by: registers * rowLanes) {
        multiplyTiles(codes, sums, product, (origin.matrix, row, origin.token, origin.pass))
    }
}
