// AVX2 without dot products: those of bytes in pairs.
import CSIMD

let instructionSetName = "avx2"

typealias IntegerPatch = PatchSums<2, 4>
// Of up to four tokens.
typealias IntegerFewPatch = PatchSums<2, 4>
// Of weights that were unpacked before.
typealias StripPatch = PatchSums<2, 4>
typealias IntegerTokenPatch = PatchSums<2, 1>
typealias FloatPatch = PatchSums<1, 6>
typealias FloatFewPatch = PatchSums<1, 4>
typealias FloatTokenPatch = PatchSums<2, 1>

@inline(__always) func absoluteBytes(_ bytes: RowBits) -> RowBits { csimd_abs_i8_x8(bytes) }
@inline(__always) func withSign(_ bytes: RowInts, _ sign: RowBits) -> RowInts { csimd_sign_i8_x8(bytes, sign) }
@inline(__always) func multiplyPairs(_ a: RowBits, _ b: RowInts) -> RowInts { csimd_pair_u8_i8_x8(a, b) }
@inline(__always) func addPairs(_ shorts: RowInts) -> RowInts { csimd_pair_i16_x8(shorts) }
@inline(__always) func addShorts(_ a: RowInts, _ b: RowInts) -> RowInts { csimd_add_i16_x8(a, b) }
