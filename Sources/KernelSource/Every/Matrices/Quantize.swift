import CSIMD
import KernelTypes
import Tiles

/// See `KernelSet.quantize`.
@Sendable func quantize(
    _ input: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ shape: MatrixShape, _ blocksPerScale: Int,
    _ result: QuantizedActivations
) -> Bool {
    let blocks = shape.columnTiles * Tile.blocks
    var areFinite = true
    for token in 0..<tokens {
        for matrix in 0..<shape.count {
            let values = input + token * stride + matrix * shape.columns
            let firstBlock = (token * shape.count + matrix) * blocks
            for first in Swift.stride(from: 0, to: blocks, by: blocksPerScale) {
                let group = first..<min(blocks, first + blocksPerScale)
                let largest = largestMagnitude(values, group, columns: shape.columns)
                if largest.isFinite {
                    let (scale, inverse) = scale(largest: largest)
                    for block in group {
                        let (low, high) = load(values, block: block, columns: shape.columns)
                        let index = firstBlock + block
                        result.scales[index] = scale
                        result.sums[index] = quantize(low, high, inverse, result.codes + index * Tile.block)
                    }
                } else {
                    areFinite = false
                    quantizeFinite(values, group, columns: shape.columns, result.from(block: firstBlock))
                }
            }
        }
    }
    return areFinite
}

/// The largest magnitude in some blocks; NaN or infinite if a number is.
@inline(__always)
private func largestMagnitude(_ values: UnsafePointer<Float>, _ blocks: Range<Int>, columns: Int) -> Float {
    var largest = Floats.zero
    for block in blocks {
        let (low, high) = load(values, block: block, columns: columns)
        largest = csimd_larger_magnitude_x16(largest, csimd_larger_magnitude_x16(low, high))
    }
    return csimd_largest_x16(largest)
}

/// Quantizes blocks that share a scale, with 0 for NaN and the largest finite number for an infinity.
@inline(never)
private func quantizeFinite(
    _ values: UnsafePointer<Float>, _ blocks: Range<Int>, columns: Int, _ result: QuantizedActivations
) {
    var largest = Floats.zero
    for block in blocks {
        let (low, high) = load(values, block: block, columns: columns)
        largest = csimd_larger_magnitude_x16(largest, csimd_larger_magnitude_x16(finite(low), finite(high)))
    }
    let (scale, inverse) = scale(largest: csimd_largest_x16(largest))
    for block in blocks {
        let (low, high) = load(values, block: block, columns: columns)
        result.scales[block] = scale
        result.sums[block] = quantize(finite(low), finite(high), inverse, result.codes + block * Tile.block)
    }
}

/// The scale of some blocks, and its inverse; both 0 where the scale would be too small.
@inline(__always)
private func scale(largest: Float) -> (scale: Float, inverse: Float) {
    let scale = largest / 127
    return scale < .leastNormalMagnitude ? (0, 0) : (scale, 127 / largest)
}

/// The numbers of a block, with zeros after the matrix's last column.
@inline(__always)
private func load(_ values: UnsafePointer<Float>, block: Int, columns: Int) -> (low: Floats, high: Floats) {
    let first = block * Tile.block
    let count = max(0, min(Tile.block, columns - first))
    let low = load(values + first, count: min(lanes, count))
    let high = count > lanes ? load(values + first + lanes, count: count - lanes) : Floats.zero
    return (low, high)
}

/// Quantizes a block. Returns the sum of its codes.
@inline(__always)
private func quantize(_ low: Floats, _ high: Floats, _ inverse: Float, _ codes: UnsafeMutablePointer<Int8>) -> Int32 {
    let inverse = broadcast(inverse), codes = UnsafeMutableRawPointer(codes)
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
