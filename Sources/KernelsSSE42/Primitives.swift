// SSE4.2 and SSSE3: 4 rows per register, 16 registers, no fused multiply-add, f16 by integer arithmetic.
import CSIMD

let instructionSetName = "x86-64-v2"

typealias RowFloats = SIMD4<Float>
typealias RowInts = SIMD4<Int32>
typealias RowBits = SIMD4<UInt32>
typealias RowHalves = SIMD4<UInt16>

typealias IntegerPatch = PatchSums<2, 4>
// Of up to four tokens.
typealias IntegerFewPatch = PatchSums<2, 4>
typealias IntegerTokenPatch = PatchSums<4, 1>
typealias FloatPatch = PatchSums<1, 6>
typealias FloatFewPatch = PatchSums<1, 4>
typealias FloatTokenPatch = PatchSums<4, 1>

@inline(__always) func multiplyAdd(_ sum: Floats, _ a: Floats, _ b: Floats) -> Floats { sum + a * b }
@inline(__always) func multiplyAdd(_ sum: RowFloats, _ a: RowFloats, _ b: RowFloats) -> RowFloats { sum + a * b }

@inline(__always) func floats(_ values: RowInts) -> RowFloats { csimd_float_x4(values) }

@inline(__always) func absoluteBytes(_ bytes: RowBits) -> RowBits { csimd_abs_i8_x4(bytes) }
@inline(__always) func withSign(_ bytes: RowInts, _ sign: RowBits) -> RowInts { csimd_sign_i8_x4(bytes, sign) }
@inline(__always) func multiplyPairs(_ a: RowBits, _ b: RowInts) -> RowInts { csimd_pair_u8_i8_x4(a, b) }
@inline(__always) func addPairs(_ shorts: RowInts) -> RowInts { csimd_pair_i16_x4(shorts) }
@inline(__always) func addShorts(_ a: RowInts, _ b: RowInts) -> RowInts { csimd_add_i16_x4(a, b) }

@inline(__always) func opaque(_ bits: RowBits) -> RowBits { csimd_opaque_x4(bits) }

/// Called between steps, whose loads the compiler may move.
@inline(__always) func separateSteps() {}

/// Exponent and fraction moved to those of an f32 are the value divided by 2^112, the difference of the exponents' biases; the
/// product is exact, for subnormal numbers too. What comes out above the largest f16 was infinity or NaN and gets their exponent.
@inline(__always) func widen(_ halves: RowHalves) -> RowFloats {
    let half = csimd_u16_to_u32_x4(halves)
    let moved = (half & RowBits(repeating: 0x7FFF)) &<< RowBits(repeating: 13)
    let value = unsafeBitCast(moved, to: RowFloats.self) * RowFloats(repeating: 0x1p112)
    let special = RowBits(repeating: 0x7F80_0000)
    let exponent = csimd_where_less_f32_x4(RowFloats(repeating: 65504), value, special, RowBits.zero)
    let sign = (half & RowBits(repeating: 0x8000)) &<< RowBits(repeating: 16)
    return unsafeBitCast(unsafeBitCast(value, to: RowBits.self) | exponent | sign, to: RowFloats.self)
}

/// To nearest, ties to even, as `HalfPrecision.narrow` explains.
@inline(__always) func narrow(_ values: RowFloats) -> RowHalves {
    let all = unsafeBitCast(values, to: RowBits.self)
    let bits = all & RowBits(repeating: 0x7FFF_FFFF)
    let magnitude = unsafeBitCast(bits, to: RowFloats.self)
    // Normal numbers: adds half of the last place kept, less one if the last bit kept is even; then 13 bits go.
    let odd = (bits &>> RowBits(repeating: 13)) & RowBits(repeating: 1)
    let rebased = bits &- RowBits(repeating: 112 << 23) &+ RowBits(repeating: 0xFFF) &+ odd
    let normal = rebased &>> RowBits(repeating: 13)
    // Subnormal ones are multiples of 2^-24, the last place of numbers from 0.5 on.
    let sum = magnitude + RowFloats(repeating: 0.5)
    let subnormal = unsafeBitCast(sum, to: RowBits.self) &- RowBits(repeating: 0x3F00_0000)
    let finite = csimd_where_less_f32_x4(magnitude, RowFloats(repeating: 0x1p-14), subnormal, normal)
    // From 65520 on infinity; no comparison with NaN is true.
    let limit = RowFloats(repeating: 65520)
    let special = csimd_where_less_f32_x4(
        RowFloats(repeating: 65504), magnitude, RowBits(repeating: 0x7C00), RowBits(repeating: 0x7E00))
    let half = csimd_where_less_f32_x4(magnitude, limit, finite, special)
    let sign = (all &>> RowBits(repeating: 16)) & RowBits(repeating: 0x8000)
    return csimd_u32_to_u16_x4(half | sign)
}
