import CSIMD
import KernelTypes
import Tiles

// SMMLA multiplies two rows, each with eight inputs in its half of a register, with two tokens, for four outputs: lanes are row 0
// with tokens 0 and 1, then row 1 with them. Scales and sums stay in that order, and outputs are put in theirs at the end.

/// Two pairs of rows with eight inputs, of four rows with four inputs and the next four.
@inline(__always)
func pairsOfRows(_ step: RowBits, _ next: RowBits) -> BlockPair { (csimd_zip_low_x4(step, next), csimd_zip_high_x4(step, next)) }

/// The scales of two pairs of rows of a tile, each for two tokens.
@inline(__always)
func pairsOfScales(_ tile: UnsafeRawPointer, row: Int, block: Int) -> (low: RowFloats, high: RowFloats) {
    let scales = unsafeBitCast(weightScales(tile, row: row, block: block), to: RowBits.self)
    let (low, high) = pairsOfRows(scales, scales)
    return (unsafeBitCast(low, to: RowFloats.self), unsafeBitCast(high, to: RowFloats.self))
}

/// Pairs of tokens in both groups of a half of a block.
@inline(__always)
func pairsOfTokens(_ codes: UnsafeRawPointer, stride: Int) -> BlockPair {
    let first = codes.loadUnaligned(as: RowBits.self)
    let second = codes.loadUnaligned(fromByteOffset: stride, as: RowBits.self)
    return (csimd_low_halves_x4(first, second), csimd_high_halves_x4(first, second))
}

/// The scales of a pair of a patch's tokens, each for two rows, in the block at an index from where the patch reads.
@inline(__always)
func scalesOfTokens(_ inputs: PatchInputs, pair: Int, _ index: Int) -> RowFloats {
    let scales = inputs.scales + (2 * pair * inputs.stride + index)
    return unsafeBitCast(csimd_repeated_pair_x4(scales[0].bitPattern, scales[inputs.stride].bitPattern), to: RowFloats.self)
}

/// The sums of a pair of tokens before the first step, less what the bias of the codes adds to those of each.
@inline(__always)
func startOfPairs(_ excess: Int32, _ other: Int32) -> RowInts {
    let bits = (UInt32(bitPattern: zeroBits &- excess), UInt32(bitPattern: zeroBits &- other))
    return unsafeBitCast(csimd_repeated_pair_x4(bits.0, bits.1), to: RowInts.self)
}

/// Writes the sums of two pairs of rows, a register of rows, for a pair of tokens.
@inline(__always)
func writePairs(
    _ low: RowFloats, _ high: RowFloats, register: Int, pair: Int, _ origin: PatchOrigin, _ product: MatrixProduct
) {
    write(csimd_even_x4(low, high), register: register, token: 2 * pair, origin, product)
    write(csimd_odd_x4(low, high), register: register, token: 2 * pair + 1, origin, product)
}

/// A loop over the groups of eight inputs of a block that is certain to be unrolled.
@inline(__always)
func forEachGroup(_ body: (_ group: Int) -> Void) {
    body(0)
    body(1)
    body(2)
    body(3)
}
