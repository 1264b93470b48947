// AVX2 with AVX-VNNI: dot products of four bytes.
import CSIMD

let instructionSetName = "avxvnni"

typealias IntegerChunk = BlockSums<4, 2>
typealias IntegerSingle = BlockSums<2, 1>
typealias FloatChunk = BlockSums<1, 6>
typealias FloatSingle = BlockSums<2, 1>

@inline(__always) func dot(_ sums: RowInts, _ weights: RowBits, _ activations: RowInts) -> RowInts {
    csimd_dot_u8_i8_x8(sums, weights, activations)
}
