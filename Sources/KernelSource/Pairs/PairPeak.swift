// Bytes, for instruction sets that multiply them and add two neighbours in 16 bits. Products wait only for the multipliers, so four
// sums are enough.

/// Codes of 8 bits: every pair of products is widened to 32 bits (`pmaddubsw`, `pmaddwd`, `paddd`).
enum Q8Peak: PeakLoop {
    typealias Sums = InlineArray<4, RowInts>
    @inline(__always) static var zero: Sums { Sums(repeating: .zero) }
    @inline(__always) static var productsPerRound: Int { 4 * 4 * rowLanes }

    @inline(__always) static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits) {
        for index in 0..<4 {
            weights = opaque(weights)
            sums[index] &+= addPairs(multiplyPairs(weights, unsafeBitCast(activations, to: RowInts.self)))
        }
    }

    @inline(__always) static func total(_ sums: Sums) -> RowBits {
        unsafeBitCast((sums[0] &+ sums[1]) &+ (sums[2] &+ sums[3]), to: RowBits.self)
    }
}

/// Codes of 4 bits: the products of a block, eight steps, fit 16 bits and are widened once (`pmaddubsw`, `paddw`).
enum Q4Peak: PeakLoop {
    typealias Sums = InlineArray<4, RowInts>
    @inline(__always) static var zero: Sums { Sums(repeating: .zero) }
    @inline(__always) static var productsPerRound: Int { 8 * 4 * 4 * rowLanes }

    @inline(__always) static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits) {
        var shorts = Sums(repeating: .zero)
        for _ in 0..<8 {
            for index in 0..<4 {
                weights = opaque(weights)
                shorts[index] = addShorts(shorts[index], multiplyPairs(weights, unsafeBitCast(activations, to: RowInts.self)))
            }
        }
        for index in 0..<4 { sums[index] &+= addPairs(shorts[index]) }
    }

    @inline(__always) static func total(_ sums: Sums) -> RowBits { Q8Peak.total(sums) }
}
