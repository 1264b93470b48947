import KernelTypes

/// See `KernelSet.multiply`.
func multiply(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?, _ tuning: Tuning) {
    let memory = tuning.unpacksStrips ? memory : nil
    switch product.matrix.type {
    case .q8: multiplyQ8(product, rowTiles, memory, asksForEachLine: tuning.asksForEachLine)
    case .q4: multiplyQ4(product, rowTiles, memory, asksForEachLine: tuning.asksForEachLine)
    case .f16: multiplyF16(product, rowTiles, asksForEachLine: tuning.asksForEachLine)
    case .f32: multiplyF32(product, rowTiles, asksForEachLine: tuning.asksForEachLine)
    }
}

/// How far ahead of one token's product cache lines are asked for: two pages, which took 1 to 5 % off the time per token in q4 with
/// AVX-512 on Zen 5. One page gained less, three and four nothing. On Intel's Emerald Rapids 4 and 16 KB are up to 8 % slower.
@inline(__always) var bytesAhead: Int { 8192 }

/// How far ahead they are asked for again, into the nearest cache, by processors that want to be asked for each.
@inline(__always) var bytesNear: Int { 1536 }

/// Whether a product of one token asks for each line of the weights to come (`Tuning.asksForEachLine`), as a type: a constant for
/// the compiler, which makes two kernels.
protocol LineRequests {
    static var areForEach: Bool { get }
}

enum FirstLines: LineRequests {
    @inline(__always) static var areForEach: Bool { false }
}

enum EachLine: LineRequests {
    @inline(__always) static var areForEach: Bool { true }
}
