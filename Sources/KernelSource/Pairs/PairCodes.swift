// Byte codes for instruction sets that multiply unsigned with signed bytes and add two neighbours, in 16 bits (`pmaddubsw`).
import Tiles

/// Codes -128…127: their magnitudes times the activations with the codes' signs. Two products are at most 2 × 128 × 127 and fit
/// 16 bits, so each step is widened to 32.
enum Q8Codes: BlockCodes {
    // A tuple, as `PatchOrigin`.
    typealias Weights = (codes: RowBits, magnitudes: RowBits)

    @inline(__always) static var type: WeightType { .q8 }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> Weights {
        let codes = codes.loadUnaligned(fromByteOffset: offset(block: block, step: step), as: RowBits.self)
        return weights(codes)
    }

    @inline(__always) static func unpacked(_ weights: Weights) -> RowBits { weights.codes }
    @inline(__always) static func weights(_ unpacked: RowBits) -> Weights { (unpacked, absoluteBytes(unpacked)) }

    @inline(__always) static func start(total: Int32) -> RowInts { .zero }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: Weights, _ activations: RowInts) {
        sums &+= addPairs(multiplyPairs(weights.magnitudes, withSign(activations, weights.codes)))
    }
}

/// Codes 0…15, which mean -8…7. A block's products, 16 × 15 × 127 at most, fit 16 bits; 8 × the sum of the activations is
/// subtracted at the end.
enum Q4Codes: BlockCodes {
    @inline(__always) static var type: WeightType { .q4 }

    @inline(__always) static func load(_ codes: UnsafeRawPointer, block: Int, step: Int) -> RowBits {
        loadNibbles(codes, offset: offset(block: block, step: step), isHigh: block > 0)
    }

    @inline(__always) static func start(total: Int32) -> RowInts { .zero }

    @inline(__always) static func add(_ sums: inout RowInts, _ weights: RowBits, _ activations: RowInts) {
        sums = addShorts(sums, multiplyPairs(weights, activations))
    }

    @inline(__always) static func finish(_ sums: RowInts, total: Int32) -> RowInts {
        addPairs(sums) &- RowInts(repeating: excess(total))
    }
}
