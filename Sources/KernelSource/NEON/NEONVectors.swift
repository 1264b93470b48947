// NEON: 4 rows per register, 32 registers, fused multiply-add, f16 conversion. For both ARM modules.
import CSIMD

typealias RowFloats = SIMD4<Float>
typealias RowInts = SIMD4<Int32>
typealias RowBits = SIMD4<UInt32>
typealias RowHalves = SIMD4<UInt16>

/// Registers of queries in a patch of attention, and its keys or elements.
@inline(__always) var attentionRegisters: Int { 4 }
typealias AttentionPatch<let registers: Int> = PatchSums<registers, 4>
/// Attention widens f16 where the numbers are used: a register of them, each of which is then an operand from its lane.
@inline(__always) var widensWhereUsed: Bool { true }

@inline(__always) func multiplyAdd(_ sum: Floats, _ a: Floats, _ b: Floats) -> Floats { sum.addingProduct(a, b) }
@inline(__always) func multiplyAdd(_ sum: RowFloats, _ a: RowFloats, _ b: RowFloats) -> RowFloats { sum.addingProduct(a, b) }

@inline(__always) func floats(_ values: RowInts) -> RowFloats { csimd_float_x4(values) }
@inline(__always) func widen(_ halves: RowHalves) -> RowFloats { csimd_widen_f16_x4(halves) }
@inline(__always) func narrow(_ values: RowFloats) -> RowHalves { csimd_narrow_f32_x4(values) }

@inline(__always) func opaque(_ bits: RowBits) -> RowBits { csimd_opaque_x4(bits) }

/// Codes of 4 bits of both blocks of a tile: the low and the high halves of bytes.
@inline(__always) func nibbles(_ pairs: RowBits) -> BlockPair {
    (pairs & RowBits(repeating: 0x0F0F_0F0F), csimd_high_nibbles_x4(pairs))
}

/// Does nothing: what asking for cache lines wins was measured on x86-64 alone.
@inline(__always) func fetchAhead(_ line: UnsafeRawPointer) {}
