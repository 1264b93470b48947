// AVX2 with AVX-VNNI: dot products of four bytes.
import CSIMD

let instructionSetName = "avxvnni"

typealias IntegerPatch = PatchSums<2, 4>
// Of up to four tokens.
typealias IntegerFewPatch = PatchSums<2, 4>
// Of weights that were unpacked before.
typealias StripPatch = PatchSums<2, 4>
typealias IntegerTokenPatch = PatchSums<2, 1>
typealias FloatPatch = PatchSums<1, 6>
typealias FloatFewPatch = PatchSums<1, 4>
typealias FloatTokenPatch = PatchSums<2, 1>

@inline(__always) func dot(_ sums: RowInts, _ weights: RowBits, _ activations: RowInts) -> RowInts {
    csimd_dot_u8_i8_x8(sums, weights, activations)
}
