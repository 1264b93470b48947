// AVX2, FMA and F16C: 8 rows per register, 16 registers. For both modules of such processors.
import CSIMD

typealias RowFloats = SIMD8<Float>
typealias RowInts = SIMD8<Int32>
typealias RowBits = SIMD8<UInt32>
typealias RowHalves = SIMD8<UInt16>

/// Registers of queries in a patch of attention, and its keys or elements.
@inline(__always) var attentionRegisters: Int { 2 }
typealias AttentionPatch<let registers: Int> = PatchSums<registers, 4>
/// Attention widens f16 once for all, in memory.
@inline(__always) var widensWhereUsed: Bool { false }

@inline(__always) func multiplyAdd(_ sum: Floats, _ a: Floats, _ b: Floats) -> Floats { sum.addingProduct(a, b) }
@inline(__always) func multiplyAdd(_ sum: RowFloats, _ a: RowFloats, _ b: RowFloats) -> RowFloats { sum.addingProduct(a, b) }

@inline(__always) func floats(_ values: RowInts) -> RowFloats { csimd_float_x8(values) }
@inline(__always) func widen(_ halves: RowHalves) -> RowFloats { csimd_widen_f16_x8(halves) }
@inline(__always) func narrow(_ values: RowFloats) -> RowHalves { csimd_narrow_f32_x8(values) }

@inline(__always) func opaque(_ bits: RowBits) -> RowBits { csimd_opaque_x8(bits) }

/// Called between steps, whose loads the compiler may move.
@inline(__always) func separateSteps() {}
