// NEON with dot products of four signed bytes (SDOT, ARMv8.2).
import CSIMD
import Tiles

let instructionSetName = "neon-dotprod"

typealias IntegerChunk = BlockSums<2, 5>
typealias IntegerSingle = BlockSums<4, 1>
typealias FloatChunk = BlockSums<2, 5>
typealias FloatSingle = BlockSums<4, 1>

@inline(__always) func dot(_ sums: RowInts, _ weights: RowBits, _ activations: RowInts) -> RowInts {
    csimd_dot_i8_i8_x4(sums, weights, activations)
}

/// Codes -128…127, as they are.
enum Q8Codes: BlockCodes {
    @inline(__always) static var tileBytes: Int { Tile.scaleBytes + Tile.weights }
    @inline(__always) static var sharesScales: Bool { false }
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        codes.loadUnaligned(fromByteOffset: (block * 8 + step) * 64, as: RowBits.self)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { .zero }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts { sums }
}

/// Codes 0…15, which mean -8…7: the sums start at -8 × the sum of the activations.
enum Q4Codes: BlockCodes {
    @inline(__always) static var tileBytes: Int { Tile.scaleBytes + Tile.weights / 2 }
    @inline(__always) static var sharesScales: Bool { true }
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        loadNibbles(codes, block: block, step: step)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { RowInts(repeating: total * -8) }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts { sums }
}
