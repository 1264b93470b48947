import CSIMD
import KernelTypes
import Tiles

/// How the weights of an f32 or f16 tile are read.
protocol FloatWeights {
    /// Bytes a weight.
    static var bytes: Int { get }
    /// A register of consecutive rows.
    static func load(_ weights: UnsafeRawPointer) -> RowFloats
}

enum F32Weights: FloatWeights {
    @inline(__always) static var bytes: Int { 4 }
    @inline(__always) static func load(_ weights: UnsafeRawPointer) -> RowFloats { weights.loadUnaligned(as: RowFloats.self) }
}

enum F16Weights: FloatWeights {
    @inline(__always) static var bytes: Int { 2 }
    @inline(__always) static func load(_ weights: UnsafeRawPointer) -> RowFloats {
        widen(weights.loadUnaligned(as: RowHalves.self))
    }
}

/// The product of an f32 or f16 matrix for `parts` registers of rows × `tokens` tokens.
///
/// Even and odd columns have sums of their own, so that a single token does not wait for each addition; for each output the order is
/// the same whatever the block's size.
struct FloatBlock<Weights: FloatWeights, let parts: Int, let tokens: Int>: ProductBlock {
    @inline(__always) static var rowCount: Int { parts * rowLanes }
    @inline(__always) static var tokenCount: Int { tokens }


    private typealias Sums = InlineArray<tokens, InlineArray<parts, RowFloats>>

    @inline(__always)
    static func run(_ product: MatrixProduct, _ origin: OutputBlock) {
        let shape = product.matrix.shape
        let columnBytes = Tile.rows * Weights.bytes
        let rowBytes = shape.columnTiles * Tile.columns * columnBytes
        var weights = product.matrix.tiles + origin.rowTile(shape) * rowBytes + origin.row % Tile.rows * Weights.bytes
        var input = product.input + origin.token * product.inputStride + origin.matrix * shape.columns

        var even = Sums(repeating: .init(repeating: .zero))
        var odd = even
        for _ in 0..<shape.columns / 2 {
            add(&even, weights, rowBytes, input, product.inputStride)
            add(&odd, weights + columnBytes, rowBytes, input + 1, product.inputStride)
            weights += 2 * columnBytes
            input += 2
        }
        if shape.columns % 2 == 1 { add(&even, weights, rowBytes, input, product.inputStride) }
        for token in 0..<tokens {
            for part in 0..<parts { origin.write(even[token][part] + odd[token][part], part: part, token: token, product) }
        }
    }

    /// Adds the products of a column.
    @inline(__always)
    private static func add(
        _ sums: inout Sums, _ weights: UnsafeRawPointer, _ rowBytes: Int, _ input: UnsafePointer<Float>, _ stride: Int
    ) {
        let partsPerTile = Tile.rows / rowLanes
        for part in 0..<parts {
            let offset = (part / partsPerTile) * rowBytes + part % partsPerTile * rowLanes * Weights.bytes
            let column = Weights.load(weights + offset)
            for token in 0..<tokens {
                sums[token][part] = multiplyAdd(sums[token][part], column, RowFloats(repeating: input[token * stride]))
            }
        }
    }
}
