// Byte codes for instruction sets with a dot product of four unsigned with four signed bytes (`vpdpbusd`). Weights are made
// unsigned by adding an offset to their codes: the sums start at -offset × the sum of the activations.
import Tiles

/// Codes -128…127 and the offset 128.
enum Q8Codes: BlockCodes {
    @inline(__always) static var tileBytes: Int { Tile.scaleBytes + Tile.weights }
    @inline(__always) static var sharesScales: Bool { false }
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        let offset = (block * 8 + step) * 64
        return codes.loadUnaligned(fromByteOffset: offset, as: RowBits.self) ^ RowBits(repeating: 0x8080_8080)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { RowInts(repeating: total * -128) }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts { sums }
}

/// Codes 0…15, which mean -8…7: they come with the offset 8.
enum Q4Codes: BlockCodes {
    @inline(__always) static var tileBytes: Int { Tile.scaleBytes + Tile.weights / 2 }
    @inline(__always) static var sharesScales: Bool { true }
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        let pairs = codes.loadUnaligned(fromByteOffset: step * 64, as: RowBits.self)
        let nibbles = block == 0 ? pairs : pairs &>> RowBits(repeating: 4)
        return nibbles & RowBits(repeating: 0x0F0F_0F0F)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { RowInts(repeating: total * -8) }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = dot(sums, weights, activations)
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts { sums }
}
