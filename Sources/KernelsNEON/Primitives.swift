// NEON as every AArch64 has it: products of bytes in 16 bits.
import CSIMD
import Tiles

let instructionSetName = "neon"

// Of weights that were unpacked before.
typealias Q8StripPatch = PatchSums<2, 2>
typealias Q4StripPatch = PatchSums<2, 3>
typealias FloatPatch = PatchSums<2, 5>
typealias FloatFewPatch = PatchSums<2, 4>
typealias FloatTokenPatch = PatchSums<4, 1>

// A register of 16 products holds those of two rows, so sums are of rows 0 and 1 and of rows 2 and 3.

/// Codes -128…127: the products of two steps, 2 × 128 × 127 at most, fit 16 bits, and are then added to sums of 32.
enum Q8Codes: ByteCodes {
    // A tuple, as `PatchOrigin`.
    typealias Sums = (low: RowInts, high: RowInts, lowPair: RowInts, highPair: RowInts)

    @inline(__always) static var type: WeightType { .q8 }
    @inline(__always) static var addsPairs: Bool { false }
    @inline(__always) static var zero: Sums { (.zero, .zero, .zero, .zero) }

    @inline(__always) static func signed(_ codes: RowBits) -> RowBits { codes }

    @inline(__always) static func start(excess: Int32) -> Sums { zero }

    @inline(__always) static func add(_ sums: inout Sums, _ weights: RowBits, _ activations: RowInts, step: Int) {
        let weights = unsafeBitCast(weights, to: RowInts.self), four = RowInts(repeating: activations[step % 4])
        if step % 2 == 0 {
            sums.lowPair = csimd_multiply_low_i8_x4(weights, four)
            sums.highPair = csimd_multiply_high_i8_x4(weights, four)
            return
        }
        sums.lowPair = csimd_add_products_low_i8_x4(sums.lowPair, weights, four)
        sums.highPair = csimd_add_products_high_i8_x4(sums.highPair, weights, four)
        sums.low = step == 1 ? csimd_pairs_i16_x4(sums.lowPair) : csimd_add_pairs_i16_x4(sums.low, sums.lowPair)
        sums.high = step == 1 ? csimd_pairs_i16_x4(sums.highPair) : csimd_add_pairs_i16_x4(sums.high, sums.highPair)
    }

    @inline(__always) static func value(_ sums: Sums, excess: Int32) -> RowFloats { floats(csimd_pair_i32_x4(sums.low, sums.high)) }
}

/// Codes 0…15, which mean -8…7. A block's products in two lanes, 16 × 15 × 127 at most, fit 16 bits; the excess is subtracted at the
/// end.
enum Q4Codes: ByteCodes {
    typealias Sums = (low: RowInts, high: RowInts)

    @inline(__always) static var type: WeightType { .q4 }
    @inline(__always) static var addsPairs: Bool { true }
    @inline(__always) static var zero: Sums { (.zero, .zero) }

    @inline(__always) static func signed(_ codes: RowBits) -> RowBits { csimd_subtract_8_x4(codes) }

    @inline(__always) static func start(excess: Int32) -> Sums { zero }

    @inline(__always) static func add(_ sums: inout Sums, _ weights: RowBits, _ activations: RowInts, step: Int) {
        let weights = unsafeBitCast(weights, to: RowInts.self), four = RowInts(repeating: activations[step % 4])
        if step == 0 {
            sums.low = csimd_multiply_low_i8_x4(weights, four)
            sums.high = csimd_multiply_high_i8_x4(weights, four)
        } else {
            sums.low = csimd_add_products_low_i8_x4(sums.low, weights, four)
            sums.high = csimd_add_products_high_i8_x4(sums.high, weights, four)
        }
    }

    @inline(__always) static func value(_ sums: Sums, excess: Int32) -> RowFloats {
        floats(csimd_pairs_i16_x4(csimd_pair_i16_x4(sums.low, sums.high)) &- RowInts(repeating: excess))
    }
}
