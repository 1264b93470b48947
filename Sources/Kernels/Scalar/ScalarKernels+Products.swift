import KernelTypes
import Tiles

extension ScalarKernels {
    /// See `KernelSet.quantize`.
    @Sendable static func quantize(
        _ input: UnsafePointer<Float>, _ stride: Int, _ tokens: Int, _ shape: MatrixShape, _ blocksPerScale: Int,
        _ result: QuantizedActivations
    ) -> Bool {
        let blocks = shape.columnTiles * Tile.blocks
        var areAllFinite = true
        for token in 0..<tokens {
            for matrix in 0..<shape.count {
                let values = input + token * stride + matrix * shape.columns
                let firstBlock = (token * shape.count + matrix) * blocks
                areAllFinite = areAllFinite && areFinite(values, shape.columns)
                for first in Swift.stride(from: 0, to: blocks, by: blocksPerScale) {
                    quantize(values, shape.columns, first..<min(blocks, first + blocksPerScale), result.from(block: firstBlock))
                }
            }
        }
        return areAllFinite
    }

    /// Quantizes some blocks of a matrix's inputs, which share a scale; codes after the last column become 0.
    private static func quantize(
        _ values: UnsafePointer<Float>, _ columns: Int, _ blocks: Range<Int>, _ result: QuantizedActivations
    ) {
        let inputs =
            blocks.lowerBound * Tile.block..<max(blocks.lowerBound * Tile.block, min(columns, blocks.upperBound * Tile.block))
        var largest: Float = 0
        for index in inputs where values[index].magnitude > largest { largest = values[index].magnitude }
        largest = min(largest, .greatestFiniteMagnitude)
        let isTiny = largest / 127 < .leastNormalMagnitude
        let inverse = isTiny ? 0 : 127 / largest
        for block in blocks {
            let first = block * Tile.block
            (result.codes + first).update(repeating: 0, count: Tile.block)
            result.scales[block] = isTiny ? 0 : largest / 127
            result.sums[block] = 0
            for index in inputs.clamped(to: first..<first + Tile.block) where !values[index].isNaN {
                let value = max(-largest, min(largest, values[index]))
                result.codes[index] = Int8((value * inverse).rounded(.toNearestOrEven))
                result.sums[block] += Int32(result.codes[index])
            }
        }
    }

    /// See `KernelSet.multiply`.
    @Sendable static func multiply(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ memory: UnsafeMutableRawPointer?) {
        let shape = product.matrix.shape
        for rowTile in rowTiles {
            let matrix = rowTile / shape.rowTiles
            let firstRow = rowTile % shape.rowTiles * Tile.rows
            for token in 0..<product.tokens {
                for row in 0..<min(Tile.rows, shape.rows - firstRow) {
                    var value =
                        product.matrix.type.isBlockQuantized
                        ? integerProduct(product, rowTile, matrix, row, token) : floatProduct(product, rowTile, matrix, row, token)
                    let index = matrix * shape.rows + firstRow + row
                    if let bias = product.bias { value += bias[index] }
                    let output = product.output + token * product.outputStride + index
                    output.pointee = product.accumulates ? output.pointee + value : value
                }
            }
        }
    }

    /// One output of a q8 or q4 matrix: the sum over the activations' scales of scale × the sum over its blocks of weights' scale ×
    /// int32 sum.
    private static func integerProduct(
        _ product: MatrixProduct, _ rowTile: Int, _ matrix: Int, _ row: Int, _ token: Int
    ) -> Float {
        let shape = product.matrix.shape
        let blocks = shape.columnTiles * Tile.blocks
        let activations = product.quantized.from(block: token * QuantizedActivations.blockCount(shape) + matrix * blocks)
        let blocksPerScale = product.matrix.type.properties.blocksPerActivationScale ?? 1
        var result: Float = 0
        for first in stride(from: 0, to: blocks, by: blocksPerScale) {
            var part: Float = 0
            for block in first..<min(blocks, first + blocksPerScale) {
                let tile = product.matrix.tile(rowTile * shape.columnTiles + block / Tile.blocks)
                let column = block % Tile.blocks * Tile.block
                let codes = activations.codes + block * Tile.block
                var sum: Int32 = 0
                for index in 0..<Tile.block { sum += tile.code(row, column + index) * Int32(codes[index]) }
                part += tile.scale(row, block % Tile.blocks) * Float(sum)
            }
            result += part * activations.scales[first]
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
