// NEON with products of two rows of eight signed bytes with two others (SMMLA, i8mm of ARMv8.6), beside dot products of four.

let instructionSetName = "neon-i8mm"

typealias FloatPatch = PatchSums<2, 5>
typealias FloatFewPatch = PatchSums<2, 4>
typealias FloatTokenPatch = PatchSums<4, 1>
