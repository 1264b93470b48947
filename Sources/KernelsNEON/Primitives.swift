// NEON as every AArch64 has it: products of bytes in 16 bits.
import CSIMD
import Tiles

let instructionSetName = "neon"

typealias IntegerPatch = PatchSums<2, 3>
// Of up to four tokens.
typealias IntegerFewPatch = PatchSums<2, 4>
// Of weights that were unpacked before.
typealias StripPatch = PatchSums<2, 3>
typealias IntegerTokenPatch = PatchSums<4, 1>
typealias FloatPatch = PatchSums<2, 5>
typealias FloatFewPatch = PatchSums<2, 4>
typealias FloatTokenPatch = PatchSums<4, 1>

// A register of 16 products holds those of two rows, so sums are of rows 0 and 1 and of rows 2 and 3.

/// Codes -128…127: two products added are widened to 32 bits at each step.
enum Q8Codes: BlockCodes {
    typealias Weights = RowInts
    // A tuple, as `PatchOrigin`.
    typealias Sums = (low: RowInts, high: RowInts)

    @inline(__always) static var type: WeightType { .q8 }
    @inline(__always) static var zero: Sums { (.zero, .zero) }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowInts {
        codes.loadUnaligned(fromByteOffset: offset(block: block, step: step), as: RowInts.self)
    }

    @inline(__always) static func unpacked(_ weights: RowInts) -> RowBits { unsafeBitCast(weights, to: RowBits.self) }
    @inline(__always) static func weights(_ unpacked: RowBits) -> RowInts { unsafeBitCast(unpacked, to: RowInts.self) }

    @inline(__always) static func start(total: Int32) -> Sums { zero }

    @inline(__always) static func add(_ sums: inout Sums, _ weights: RowInts, _ activations: RowInts) {
        sums.low = csimd_add_pairs_i16_x4(sums.low, csimd_multiply_low_i8_x4(weights, activations))
        sums.high = csimd_add_pairs_i16_x4(sums.high, csimd_multiply_high_i8_x4(weights, activations))
    }

    @inline(__always) static func finish(_ sums: Sums, total: Int32) -> RowInts { csimd_pair_i32_x4(sums.low, sums.high) }
}

/// Codes 0…15, which mean -8…7. A block's products in a lane, 8 × 15 × 127 at most, fit 16 bits; 8 × the sum of the activations is
/// subtracted at the end.
enum Q4Codes: BlockCodes {
    typealias Weights = RowInts
    typealias Sums = (low: RowInts, high: RowInts)

    @inline(__always) static var type: WeightType { .q4 }
    @inline(__always) static var zero: Sums { (.zero, .zero) }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowInts {
        unsafeBitCast(loadNibbles(codes, offset: offset(block: block, step: step), isHigh: block > 0), to: RowInts.self)
    }

    @inline(__always) static func unpacked(_ weights: RowInts) -> RowBits { unsafeBitCast(weights, to: RowBits.self) }
    @inline(__always) static func weights(_ unpacked: RowBits) -> RowInts { unsafeBitCast(unpacked, to: RowInts.self) }

    @inline(__always) static func start(total: Int32) -> Sums { zero }

    @inline(__always) static func add(_ sums: inout Sums, _ weights: RowInts, _ activations: RowInts) {
        sums.low = csimd_add_products_low_i8_x4(sums.low, weights, activations)
        sums.high = csimd_add_products_high_i8_x4(sums.high, weights, activations)
    }

    @inline(__always) static func finish(_ sums: Sums, total: Int32) -> RowInts {
        let low = csimd_add_pairs_i16_x4(.zero, sums.low), high = csimd_add_pairs_i16_x4(.zero, sums.high)
        return csimd_pair_i32_x4(low, high) &- RowInts(repeating: excess(total))
    }
}
