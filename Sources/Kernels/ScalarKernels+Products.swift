import KernelTypes
import Tiles

extension ScalarKernels {
    /// See `KernelSet.quantize`.
    @Sendable static func quantize(
        _ input: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ shape: MatrixShape, _ result: QuantizedActivations
    ) {
        let blocksPerMatrix = shape.columnTiles * Tile.blocks
        for token in 0..<tokens {
            for block in 0..<QuantizedActivations.blockCount(shape) {
                let first = block % blocksPerMatrix * Tile.block
                let values = input + token * stride + block / blocksPerMatrix * shape.columns + first
                let index = token * QuantizedActivations.blockCount(shape) + block
                let codes = result.codes + index * Tile.block
                let count = max(0, min(Tile.block, shape.columns - first))
                (result.scales[index], result.sums[index]) = quantizeBlock(values, count, codes)
            }
        }
    }

    /// Quantizes up to ``Tile/block`` activations; the rest of the block's codes become 0. Returns the block's scale and the sum of
    /// its codes.
    private static func quantizeBlock(
        _ values: UnsafePointer<Float>, _ count: Int, _ codes: UnsafeMutablePointer<Int8>
    ) -> (scale: Float, sum: Int32) {
        var largest: Float = 0
        for index in 0..<count where values[index].magnitude > largest { largest = values[index].magnitude }
        largest = min(largest, .greatestFiniteMagnitude)
        codes.update(repeating: 0, count: Tile.block)
        let scale = largest / 127
        if scale < .leastNormalMagnitude { return (0, 0) }
        let inverse = 127 / largest
        var sum: Int32 = 0
        for index in 0..<count where !values[index].isNaN {
            let value = max(-largest, min(largest, values[index]))
            codes[index] = Int8((value * inverse).rounded(.toNearestOrEven))
            sum += Int32(codes[index])
        }
        return (scale, sum)
    }

    /// See `KernelSet.multiply`.
    @Sendable static func multiply(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
        let shape = product.matrix.shape
        for rowTile in rowTiles {
            let matrix = rowTile / shape.rowTiles
            let firstRow = rowTile % shape.rowTiles * Tile.rows
            for token in 0..<product.tokens {
                for row in 0..<min(Tile.rows, shape.rows - firstRow) {
                    var value = product.matrix.type.isBlockQuantized
                        ? integerProduct(product, rowTile, matrix, row, token) : floatProduct(product, rowTile, matrix, row, token)
                    let index = matrix * shape.rows + firstRow + row
                    if let bias = product.bias { value += bias[index] }
                    let output = product.output + token * product.outputStride + index
                    output.pointee = product.accumulates ? output.pointee + value : value
                }
            }
        }
    }

    /// One output of a q8 or q4 matrix: the sum over blocks of int32 sum × (weights' scale × activations' scale).
    private static func integerProduct(
        _ product: MatrixProduct, _ rowTile: Int, _ matrix: Int, _ row: Int, _ token: Int
    ) -> Float {
        let shape = product.matrix.shape
        let blocks = shape.columnTiles * Tile.blocks
        var result: Float = 0
        for block in 0..<blocks {
            let tile = product.matrix.tile(rowTile * shape.columnTiles + block / Tile.blocks)
            let first = block % Tile.blocks * Tile.block
            let index = token * QuantizedActivations.blockCount(shape) + matrix * blocks + block
            let codes = product.quantized.codes + index * Tile.block
            var sum: Int32 = 0
            for column in 0..<Tile.block { sum += tile.code(row, first + column) * Int32(codes[column]) }
            result += Float(sum) * (tile.scale(row, block % Tile.blocks) * product.quantized.scales[index])
        }
        return result
    }

    /// One output of an f32 or f16 matrix.
    private static func floatProduct(
        _ product: MatrixProduct, _ rowTile: Int, _ matrix: Int, _ row: Int, _ token: Int
    ) -> Float {
        let shape = product.matrix.shape
        let input = product.input + token * product.inputStride + matrix * shape.columns
        var result: Float = 0
        for column in 0..<shape.columns {
            let tile = product.matrix.tile(rowTile * shape.columnTiles + column / Tile.columns)
            result += tile.weight(row, column % Tile.columns) * input[column]
        }
        return result
    }

    /// See `KernelSet.row`.
    @Sendable static func row(_ matrix: TiledMatrix, _ row: Int, _ scale: Float, _ output: UnsafeMutablePointer<Float>) {
        for column in 0..<matrix.shape.columns {
            let tile = matrix.tile(row / Tile.rows * matrix.shape.columnTiles + column / Tile.columns)
            output[column] = tile.weight(row % Tile.rows, column % Tile.columns) * scale
        }
    }
}
