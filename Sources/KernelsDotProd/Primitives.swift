// NEON with dot products of four signed bytes (SDOT, ARMv8.2).
let instructionSetName = "neon-dotprod"

// Of weights that were unpacked before.
typealias Q8StripPatch = PatchSums<1, 8>
typealias Q4StripPatch = Q8StripPatch
typealias FloatPatch = PatchSums<2, 5>
typealias FloatFewPatch = PatchSums<2, 4>
typealias FloatTokenPatch = PatchSums<4, 1>
