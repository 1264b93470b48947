import Tiles

/// One kind of multiplications and additions, done again and again on registers.
protocol PeakLoop {
    /// Running sums, as many as it takes to keep the multipliers busy.
    associatedtype Sums
    static var zero: Sums { get }
    /// Products that a round adds to the sums.
    static var productsPerRound: Int { get }
    /// One round. The compiler knows neither operand, and must not be able to reuse a product that it already has.
    static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits)
    /// What depends on all sums.
    static func total(_ sums: Sums) -> RowBits
}

/// See `KernelSet.arithmeticPeak`.
@Sendable func arithmeticPeak(_ type: WeightType, _ rounds: Int) -> Int {
    switch type {
    case .q8: run(Q8Peak.self, rounds)
    case .q4: run(Q4Peak.self, rounds)
    case .f16, .f32: run(FloatPeak.self, rounds)
    }
}

@inline(__always)
private func run<Loop: PeakLoop>(_ loop: Loop.Type, _ rounds: Int) -> Int {
    var sums = Loop.zero
    var weights = opaque(RowBits(repeating: 0x3E0F_0A05))
    let activations = opaque(RowBits(repeating: 0x3F07_0B03))
    for _ in 0..<rounds { Loop.round(&sums, &weights, activations) }
    _ = opaque(Loop.total(sums))
    return rounds * Loop.productsPerRound * 2
}

/// Floating point numbers: multiplied and added, in one instruction where there is one.
private enum FloatPeak: PeakLoop {
    typealias Sums = InlineArray<12, RowFloats>
    @inline(__always) static var zero: Sums { Sums(repeating: .zero) }
    @inline(__always) static var productsPerRound: Int { 12 * rowLanes }

    @inline(__always) static func round(_ sums: inout Sums, _ weights: inout RowBits, _ activations: RowBits) {
        for index in 0..<12 {
            weights = opaque(weights)
            sums[index] = multiplyAdd(
                sums[index], unsafeBitCast(weights, to: RowFloats.self), unsafeBitCast(activations, to: RowFloats.self))
        }
    }

    @inline(__always) static func total(_ sums: Sums) -> RowBits {
        var total = RowBits.zero
        for index in 0..<12 { total ^= unsafeBitCast(sums[index], to: RowBits.self) }
        return total
    }
}
