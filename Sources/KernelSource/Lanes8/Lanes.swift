// Eight rows of a tile at once: one register with AVX2, two or four where registers are narrower, which leave enough of the others
// for sums and limits. (There sixteen lanes spill, and halve the speed of the search for scales.)
import CSIMD

/// A number of each row.
typealias Lanes = SIMD8<Float>
typealias LaneInts = SIMD8<Int32>
typealias LaneBits = SIMD8<UInt32>
typealias LaneHalves = SIMD8<UInt16>

/// One or the other, lane by lane. (The library's `replacing(with:where:)` is a loop with branches.)
@inline(__always) func select(_ mask: LaneMask, _ numbers: Lanes, else others: Lanes) -> Lanes {
    csimd_select_f32_x8(unsafeBitCast(mask, to: LaneInts.self), numbers, others)
}
@inline(__always) func select(_ mask: LaneMask, _ numbers: LaneBits, else others: LaneBits) -> LaneBits {
    csimd_select_u32_x8(unsafeBitCast(mask, to: LaneInts.self), numbers, others)
}

/// Whole numbers as f32.
@inline(__always) func numbers(_ whole: LaneInts) -> Lanes { csimd_float_x8(whole) }

/// The nearest half-precision numbers, halves to even, in the low parts of the lanes; infinity from 65,520 on.
@inline(__always) func narrowed(_ numbers: Lanes) -> LaneBits { csimd_f32_to_f16_x8(numbers) }
/// Half-precision numbers as f32, exactly; infinity becomes 65,536, which no finite one does.
@inline(__always) func widened(_ halves: LaneBits) -> Lanes { csimd_f16_to_f32_finite_x8(halves) }
/// The low halves of lanes, packed, and back.
@inline(__always) func pack(_ halves: LaneBits) -> LaneHalves { csimd_u32_to_u16_x8(halves) }
@inline(__always) func unpack(_ halves: LaneHalves) -> LaneBits { csimd_u16_to_u32_x8(halves) }

// The operators of these are loops over lanes in the library, which the compiler doesn't always put together again.
@inline(__always) func difference(_ a: Lanes, _ b: Lanes) -> Lanes { csimd_subtract_x8(a, b) }
@inline(__always) func square(_ a: Lanes) -> Lanes { csimd_square_x8(a) }
