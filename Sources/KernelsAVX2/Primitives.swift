// AVX2, FMA and F16C: 8 rows a register, 16 registers.
import CSIMD

let instructionSetName = "avx2"

typealias RowFloats = SIMD8<Float>
typealias RowInts = SIMD8<Int32>
typealias RowBits = SIMD8<UInt32>
typealias RowHalves = SIMD8<UInt16>

typealias IntegerChunk = BlockSums<2, 4>
typealias IntegerSingle = BlockSums<2, 1>
typealias FloatChunk = BlockSums<1, 6>
typealias FloatSingle = BlockSums<2, 1>

@inline(__always) func multiplyAdd(_ sum: Floats, _ a: Floats, _ b: Floats) -> Floats { sum.addingProduct(a, b) }
@inline(__always) func multiplyAdd(_ sum: RowFloats, _ a: RowFloats, _ b: RowFloats) -> RowFloats { sum.addingProduct(a, b) }

@inline(__always) func floats(_ values: RowInts) -> RowFloats { csimd_float_x8(values) }
@inline(__always) func widen(_ halves: RowHalves) -> RowFloats { csimd_widen_f16_x8(halves) }
@inline(__always) func narrow(_ values: RowFloats) -> RowHalves { csimd_narrow_f32_x8(values) }

@inline(__always) func absoluteBytes(_ bytes: RowBits) -> RowBits { csimd_abs_i8_x8(bytes) }
@inline(__always) func withSign(_ bytes: RowInts, _ sign: RowBits) -> RowInts { csimd_sign_i8_x8(bytes, sign) }
@inline(__always) func multiplyPairs(_ a: RowBits, _ b: RowInts) -> RowInts { csimd_pair_u8_i8_x8(a, b) }
@inline(__always) func addPairs(_ shorts: RowInts) -> RowInts { csimd_pair_i16_x8(shorts) }
@inline(__always) func addShorts(_ a: RowInts, _ b: RowInts) -> RowInts { csimd_add_i16_x8(a, b) }

@inline(__always) func opaque(_ bits: RowBits) -> RowBits { csimd_opaque_x8(bits) }

/// Asks for a cache line that will be read some microseconds from now.
@inline(__always) func fetchAhead(_ line: UnsafeRawPointer) { csimd_prefetch(line) }

/// Called between steps, whose loads the compiler may move.
@inline(__always) func separateSteps() {}

/// Four activation codes of sixteen, in all lanes.
@inline(__always) func broadcast(_ activations: UnsafeRawPointer, _ place: Int) -> RowInts {
    RowInts(repeating: activations.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self))
}
