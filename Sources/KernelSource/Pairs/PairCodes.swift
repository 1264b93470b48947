// Byte codes for instruction sets that multiply unsigned with signed bytes and add two neighbours, in 16 bits (`pmaddubsw`).
import Tiles

/// Codes -128…127: their magnitudes times the activations with the codes' signs. Two products are at most 2 × 128 × 127 and fit
/// 16 bits, so each step is widened to 32.
enum Q8Codes: BlockCodes {
    // A tuple, as `BlockOrigin`.
    typealias Weights = (codes: RowBits, magnitudes: RowBits)

    @inline(__always) static var tileBytes: Int { Tile.scaleBytes + Tile.weights }
    @inline(__always) static var sharesScales: Bool { false }
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> Weights {
        let codes = codes.loadUnaligned(fromByteOffset: (block * 8 + step) * 64, as: RowBits.self)
        return (codes, absoluteBytes(codes))
    }

    @inline(__always) static func start(total: Int32) -> RowInts { .zero }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: Weights, _ activations: RowInts) {
        sums &+= addPairs(multiplyPairs(weights.magnitudes, withSign(activations, weights.codes)))
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts { sums }
}

/// Codes 0…15, which mean -8…7. A block's products, 16 × 15 × 127 at most, fit 16 bits; 8 × the sum of the
/// activations goes at the end.
enum Q4Codes: BlockCodes {
    @inline(__always) static var tileBytes: Int { Tile.scaleBytes + Tile.weights / 2 }
    @inline(__always) static var sharesScales: Bool { true }
    @inline(__always) static var zero: RowInts { .zero }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        let pairs = codes.loadUnaligned(fromByteOffset: step * 64, as: RowBits.self)
        let nibbles = block == 0 ? pairs : pairs &>> RowBits(repeating: 4)
        return nibbles & RowBits(repeating: 0x0F0F_0F0F)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { .zero }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = addShorts(sums, multiplyPairs(weights, activations))
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts {
        addPairs(sums) &- RowInts(repeating: total &* 8)
    }
}
