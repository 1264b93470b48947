// NEON with dot products of four signed bytes (SDOT, ARMv8.2).
import CSIMD
import Tiles

let instructionSetName = "neon-dotprod"

typealias IntegerPatch = PatchSums<2, 5>
// Of up to four tokens.
typealias IntegerFewPatch = PatchSums<2, 4>
// Of weights that were unpacked before.
typealias StripPatch = PatchSums<2, 5>
typealias IntegerTokenPatch = PatchSums<4, 1>
typealias FloatPatch = PatchSums<2, 5>
typealias FloatFewPatch = PatchSums<2, 4>
typealias FloatTokenPatch = PatchSums<4, 1>

@inline(__always) func dot(_ sums: RowInts, _ weights: RowBits, _ activations: RowInts) -> RowInts {
    csimd_dot_i8_i8_x4(sums, weights, activations)
}

/// Codes -128…127, as they are.
enum Q8Codes: BlockCodes {
    @inline(__always) static var type: WeightType { .q8 }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        codes.loadUnaligned(fromByteOffset: offset(block: block, step: step), as: RowBits.self)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { .zero }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }
}

/// Codes 0…15, which mean -8…7: the sums start at -8 × the sum of the activations.
enum Q4Codes: BlockCodes {
    @inline(__always) static var type: WeightType { .q4 }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        loadNibbles(codes, offset: offset(block: block, step: step), isHigh: block > 0)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { RowInts(repeating: -excess(total)) }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }
}
