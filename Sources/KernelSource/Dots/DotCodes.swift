// Byte codes for instruction sets with a dot product of four unsigned with four signed bytes (`vpdpbusd`). Weights are made
// unsigned by adding an offset to their codes: the sums start at -offset × the sum of the activations.
import Tiles

/// Codes -128…127 and the offset 128.
enum Q8Codes: BlockCodes {
    @inline(__always) static var type: WeightType { .q8 }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        codes.loadUnaligned(fromByteOffset: offset(block: block, step: step), as: RowBits.self) ^ RowBits(repeating: 0x8080_8080)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { RowInts(repeating: total * -128) }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }
}

/// Codes 0…15, which mean -8…7: they come with the offset 8.
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
