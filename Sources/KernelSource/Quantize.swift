import CSIMD
import KernelTypes
import Tiles

/// See `KernelSet.quantize`.
@Sendable func quantize(
    _ input: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ shape: MatrixShape, _ result: QuantizedActivations
) {
    var block = 0
    for token in 0..<tokens {
        for matrix in 0..<shape.count {
            let values = input + token * stride + matrix * shape.columns
            for first in Swift.stride(from: 0, to: shape.columnTiles * Tile.columns, by: Tile.block) {
                let count = max(0, min(Tile.block, shape.columns - first))
                let low = load(values + first, count: min(lanes, count))
                let high = count > lanes ? load(values + first + lanes, count: count - lanes) : Floats.zero
                let codes = UnsafeMutableRawPointer(result.codes + block * Tile.block)
                (result.scales[block], result.sums[block]) = quantizeBlock(low, high, codes)
                block += 1
            }
        }
    }
}

/// Quantizes a block. Returns its scale and the sum of its codes.
@inline(__always)
private func quantizeBlock(_ low: Floats, _ high: Floats, _ codes: UnsafeMutableRawPointer) -> (scale: Float, sum: Int32) {
    let (low, high) = (finite(low), finite(high))
    let largest = csimd_largest_x16(larger(magnitude(low), magnitude(high)))
    let scale = largest / 127
    if scale < .leastNormalMagnitude {
        codes.storeBytes(of: .zero, as: SIMD32<Int8>.self)
        return (0, 0)
    }
    let inverse = broadcast(127 / largest)
    let (lowCodes, highCodes) = (whole(low * inverse), whole(high * inverse))
    codes.storeBytes(of: csimd_i32_to_i8_x16(lowCodes), as: SIMD16<Int8>.self)
    codes.storeBytes(of: csimd_i32_to_i8_x16(highCodes), toByteOffset: lanes, as: SIMD16<Int8>.self)
    return (scale, csimd_sum_i32_x16(lowCodes &+ highCodes))
}

/// NaN becomes 0, an infinity the largest finite number.
@inline(__always) private func finite(_ values: Floats) -> Floats {
    let limit = broadcast(.greatestFiniteMagnitude)
    return smaller(larger(csimd_nan_to_zero_x16(values), broadcast(0) - limit), limit)
}

/// The nearest whole numbers, ties to even, of numbers up to 2^22: adding 2^23·1.5 rounds, and leaves them in the last bits.
@inline(__always) private func whole(_ values: Floats) -> Ints {
    let magic = broadcast(0x1.8p23)
    return unsafeBitCast(values + magic, to: Ints.self) &- unsafeBitCast(magic, to: Ints.self)
}
