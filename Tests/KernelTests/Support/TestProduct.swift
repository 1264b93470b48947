import KernelTypes
import Tiles

/// A product of test operands.
struct TestProduct {
    let matrix: TestMatrix
    let activations: TestActivations
    var bias: [Float]?
    /// What the outputs hold before, if the product is added to them: [tokens × count × rows]
    var before: [Float]?

    /// Numbers between the outputs of a token and those of the next, which must stay as they are.
    private static let gap = 5
    private static let untouched: Float = -12345

    private var width: Int { matrix.shape.count * matrix.shape.rows }

    /// The outputs [tokens × count × rows], of the tokens from `token` on, computed by one call per range of `rowTiles`. Nil if
    /// something else was written.
    func run(_ kernels: KernelSet, token: Int = 0, tokens: Int? = nil, rowTiles: [Range<Int>]? = nil) -> [Float]? {
        let tokens = tokens ?? activations.tokens - token
        let stride = width + Self.gap
        var initial = [Float](repeating: Self.untouched, count: tokens * stride - Self.gap)
        if let before {
            for index in 0..<tokens * width { initial[index / width * stride + index % width] = before[token * width + index] }
        }
        let output = GuardedMemory(initial)
        let biasMemory = bias.map { GuardedMemory($0) }
        let shape = matrix.shape
        let quantized = QuantizedActivations(
            codes: activations.codes.pointer + token * QuantizedActivations.codeCount(shape),
            scales: activations.scales.pointer + token * QuantizedActivations.blockCount(shape),
            sums: activations.sums.pointer + token * QuantizedActivations.blockCount(shape))
        let product = MatrixProduct(
            matrix: matrix.tiled, input: UnsafePointer(activations.floats.pointer + token * activations.stride),
            inputStride: activations.stride, quantized: quantized, tokens: tokens,
            bias: biasMemory.map { UnsafePointer($0.pointer) },
            output: output.pointer, outputStride: stride, accumulates: before != nil)
        let memory = GuardedMemory([Float](repeating: .nan, count: kernels.unpackedStripBytes(shape, matrix.type) / 4))
        for range in rowTiles ?? [0..<matrix.tiled.rowTileCount] { kernels.multiply(product, range, memory.pointer) }
        keep(biasMemory as Any)
        let result = output.elements
        let gapsUntouched = result.indices.allSatisfy { $0 % stride < width || result[$0] == Self.untouched }
        guard output.isIntact, memory.isIntact, gapsUntouched else { return nil }
        return result.indices.filter { $0 % stride < width }.map { result[$0] }
    }

    /// The exact outputs, and for each the sum of the magnitudes that were added, which bounds the rounding.
    func exact() -> (values: [Double], magnitudes: [Double]) {
        let shape = matrix.shape
        var values: [Double] = [], magnitudes: [Double] = []
        for token in 0..<activations.tokens {
            for matrixIndex in 0..<shape.count {
                for row in 0..<shape.rows {
                    var value = 0.0, magnitude = 0.0
                    for column in 0..<shape.columns {
                        let input =
                            matrix.type.isBlockQuantized
                            ? activations.dequantized(token, matrixIndex, column) : activations.float(token, matrixIndex, column)
                        let term = matrix.weight(matrixIndex, row, column) * input
                        value += term
                        magnitude += term.magnitude
                    }
                    let output = matrixIndex * shape.rows + row
                    for addend in [bias?[output], before?[token * width + output]].compactMap(\.self) {
                        value += Double(addend)
                        magnitude += Double(addend.magnitude)
                    }
                    values.append(value)
                    magnitudes.append(magnitude)
                }
            }
        }
        return (values, magnitudes)
    }
}
