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
// Of weights that were unpacked before.
typealias StripPatch = PatchSums<2, 4>
typealias IntegerTokenPatch = PatchSums<4, 1>
typealias FloatPatch = PatchSums<1, 6>
typealias FloatFewPatch = PatchSums<1, 4>
typealias FloatTokenPatch = PatchSums<4, 1>
/// Registers of queries in a patch of attention, and its keys or elements.
@inline(__always) var attentionRegisters: Int { 2 }
typealias AttentionPatch<let registers: Int> = PatchSums<registers, 4>
/// Attention widens f16 once for all, in memory.
@inline(__always) var widensWhereUsed: Bool { false }

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

@inline(__always) func widen(_ halves: RowHalves) -> RowFloats { csimd_widen_f16_x4(halves) }
@inline(__always) func narrow(_ values: RowFloats) -> RowHalves { csimd_u32_to_u16_x4(csimd_f32_to_f16_x4(values)) }
