import CSIMD

// Bytes: products of pairs, as in `StripProduct.swift`.

typealias Q4Peak = Q8Peak

enum Q8Peak: PeakLoop {
    typealias Sums = InlineArray<12, RowInts>
    // As a literal: what `init(repeating:)` is compiled to could be shared with a module for another processor.
    @inline(__always) static var zero: Sums {
        [.zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero]
    }
    @inline(__always) static var productsPerRound: Int { 12 * 8 * rowLanes }

    @inline(__always) static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits) {
        for index in 0..<12 {
            weights = opaque(weights)
            sums[index] = csimd_multiply_pairs_x4(sums[index], weights, activations)
        }
    }

    @inline(__always) static func total(_ sums: Sums) -> RowBits {
        var total = RowInts.zero
        for index in 0..<12 { total &+= sums[index] }
        return unsafeBitCast(total, to: RowBits.self)
    }
}
