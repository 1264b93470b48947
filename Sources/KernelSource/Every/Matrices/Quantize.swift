import CSIMD
import KernelTypes
import Tiles

/// See `KernelSet.quantize`.
@Sendable func quantize(
    _ input: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ shape: MatrixShape, _ blocksPerScale: Int,
    _ result: QuantizedActivations
) {
    let blocks = shape.columnTiles * Tile.blocks
    for token in 0..<tokens {
        for matrix in 0..<shape.count {
            let values = input + token * stride + matrix * shape.columns
            let firstBlock = (token * shape.count + matrix) * blocks
            for first in Swift.stride(from: 0, to: blocks, by: blocksPerScale) {
                let group = first..<min(blocks, first + blocksPerScale)
                var largest = Floats.zero
                for block in group {
                    let (low, high) = load(values, block: block, columns: shape.columns)
                    largest = larger(largest, larger(magnitude(low), magnitude(high)))
                }
                let (scale, inverse) = scale(largest: csimd_largest_x16(largest))
                for block in group {
                    let (low, high) = load(values, block: block, columns: shape.columns)
                    let index = firstBlock + block
                    result.scales[index] = scale
                    result.sums[index] = quantize(low, high, inverse, UnsafeMutableRawPointer(result.codes + index * Tile.block))
                }
            }
        }
    }
}

/// The scale of some blocks, and its inverse; both 0 where the scale would be too small.
@inline(__always)
private func scale(largest: Float) -> (scale: Float, inverse: Float) {
    let scale = largest / 127
    return scale < .leastNormalMagnitude ? (0, 0) : (scale, 127 / largest)
}

/// The finite numbers of a block, with zeros after the matrix's last column.
@inline(__always)
private func load(_ values: UnsafePointer<Float>, block: Int, columns: Int) -> (low: Floats, high: Floats) {
    let first = block * Tile.block
    let count = max(0, min(Tile.block, columns - first))
    let low = load(values + first, count: min(lanes, count))
    let high = count > lanes ? load(values + first + lanes, count: count - lanes) : Floats.zero
    return (finite(low), finite(high))
}

/// Quantizes a block. Returns the sum of its codes.
@inline(__always)
private func quantize(_ low: Floats, _ high: Floats, _ inverse: Float, _ codes: UnsafeMutableRawPointer) -> Int32 {
    let inverse = broadcast(inverse)
    let (lowCodes, highCodes) = (whole(low * inverse), whole(high * inverse))
    codes.storeBytes(of: csimd_i32_to_i8_x16(lowCodes), as: SIMD16<Int8>.self)
    codes.storeBytes(of: csimd_i32_to_i8_x16(highCodes), toByteOffset: lanes, as: SIMD16<Int8>.self)
    return csimd_sum_i32_x16(lowCodes &+ highCodes)
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
