// AVX-512 with VNNI: 16 rows per register, 32 registers, dot products of four bytes.
import CSIMD

let instructionSetName = "avx512vnni"

typealias RowFloats = SIMD16<Float>
typealias RowInts = SIMD16<Int32>
typealias RowBits = SIMD16<UInt32>
typealias RowHalves = SIMD16<UInt16>

// Two rows of tiles, so that an activation's broadcast serves two products.
typealias IntegerPatch = PatchSums<2, 5>
// Of up to four tokens.
typealias IntegerFewPatch = PatchSums<2, 4>
// Of weights that were unpacked before.
typealias StripPatch = PatchSums<2, 8>
typealias IntegerTokenPatch = PatchSums<1, 1>
typealias FloatPatch = PatchSums<2, 5>
typealias FloatFewPatch = PatchSums<2, 4>
typealias FloatTokenPatch = PatchSums<1, 1>
/// Registers of queries in a patch of attention, and its keys or elements.
@inline(__always) var attentionRegisters: Int { 1 }
typealias AttentionPatch<let registers: Int> = PatchSums<registers, 8>
/// Attention widens f16 once for all, in memory.
@inline(__always) var widensWhereUsed: Bool { false }

@inline(__always) func multiplyAdd(_ sum: Floats, _ a: Floats, _ b: Floats) -> Floats { sum.addingProduct(a, b) }

@inline(__always) func floats(_ values: RowInts) -> RowFloats { csimd_float_x16(values) }
@inline(__always) func widen(_ halves: RowHalves) -> RowFloats { csimd_widen_f16_x16(halves) }
@inline(__always) func narrow(_ values: RowFloats) -> RowHalves { csimd_narrow_f32_x16(values) }

@inline(__always) func dot(_ sums: RowInts, _ weights: RowBits, _ activations: RowInts) -> RowInts {
    csimd_dot_u8_i8_x16(sums, weights, activations)
}

@inline(__always) func opaque(_ bits: RowBits) -> RowBits { csimd_opaque_x16(bits) }

/// Called between steps: keeps their loads apart, which together would need more registers than there are.
@inline(__always) func separateSteps() { csimd_order() }
