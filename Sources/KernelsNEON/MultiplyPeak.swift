import CSIMD

// What the multipliers reach for bytes, for `KernelSet.arithmeticPeak`: the steps of ``Q8Codes`` and ``Q4Codes`` on registers.

enum Q8Peak: PeakLoop {
    typealias Sums = InlineArray<12, RowInts>
    // As a literal: what `init(repeating:)` is compiled to could be shared with a module for another processor.
    @inline(__always) static var zero: Sums {
        [.zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero, .zero]
    }
    @inline(__always) static var productsPerRound: Int { 6 * 4 * rowLanes }

    @inline(__always) static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits) {
        let activations = unsafeBitCast(activations, to: RowInts.self)
        for index in 0..<6 {
            weights = opaque(weights)
            let codes = unsafeBitCast(weights, to: RowInts.self)
            sums[2 * index] = csimd_add_pairs_i16_x4(sums[2 * index], csimd_multiply_low_i8_x4(codes, activations))
            sums[2 * index + 1] = csimd_add_pairs_i16_x4(sums[2 * index + 1], csimd_multiply_high_i8_x4(codes, activations))
        }
    }

    @inline(__always) static func total(_ sums: Sums) -> RowBits {
        var total = RowInts.zero
        for index in 0..<12 { total &+= sums[index] }
        return unsafeBitCast(total, to: RowBits.self)
    }
}

enum Q4Peak: PeakLoop {
    typealias Sums = InlineArray<12, RowInts>
    @inline(__always) static var zero: Sums { Q8Peak.zero }
    @inline(__always) static var productsPerRound: Int { Q8Peak.productsPerRound }

    @inline(__always) static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits) {
        let activations = unsafeBitCast(activations, to: RowInts.self)
        for index in 0..<6 {
            weights = opaque(weights)
            let codes = unsafeBitCast(weights, to: RowInts.self)
            sums[2 * index] = csimd_add_products_low_i8_x4(sums[2 * index], codes, activations)
            sums[2 * index + 1] = csimd_add_products_high_i8_x4(sums[2 * index + 1], codes, activations)
        }
    }

    @inline(__always) static func total(_ sums: Sums) -> RowBits { Q8Peak.total(sums) }
}
