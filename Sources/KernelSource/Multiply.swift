import KernelTypes
import Tiles

/// Some outputs of a product, computed at once in registers.
protocol ProductBlock {
    /// Rows of a block.
    static var rowCount: Int { get }
    /// Tokens of a block.
    static var tokenCount: Int { get }
    /// Computes one block.
    static func run(_ product: MatrixProduct, _ origin: OutputBlock)
}

/// See `KernelSet.multiply`.
@Sendable func multiply(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
    switch product.matrix.type {
    case .q8: multiplyQ8(product, rowTiles)
    case .q4: multiplyQ4(product, rowTiles)
    case .f16: multiplyF16(product, rowTiles)
    case .f32: multiplyF32(product, rowTiles)
    }
}

// Functions of their own, so that each kernel can be read and profiled by itself.

@inline(never) private func multiplyQ8(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
    multiply(product, rowTiles, chunk: IntegerChunk<Q8Codes>.self, single: IntegerSingle<Q8Codes>.self)
}

@inline(never) private func multiplyQ4(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
    multiply(product, rowTiles, chunk: IntegerChunk<Q4Codes>.self, single: IntegerSingle<Q4Codes>.self)
}

@inline(never) private func multiplyF16(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
    multiply(product, rowTiles, chunk: FloatChunk<F16Weights>.self, single: FloatSingle<F16Weights>.self)
}

@inline(never) private func multiplyF32(_ product: MatrixProduct, _ rowTiles: Range<Int>) {
    multiply(product, rowTiles, chunk: FloatChunk<F32Weights>.self, single: FloatSingle<F32Weights>.self)
}

/// Cuts the outputs into blocks: as many as can into `chunk`s, the rest into `single`s of one token and a row of tiles.
///
/// A strip is as many rows of tiles as a chunk needs for whole tiles. All tokens pass a strip before the next one is touched, so weights
/// come from memory once.
@inline(__always)
private func multiply<Chunk: ProductBlock, Single: ProductBlock>(
    _ product: MatrixProduct, _ rowTiles: Range<Int>, chunk: Chunk.Type, single: Single.Type
) {
    let tilesPerMatrix = product.matrix.shape.rowTiles
    let tilesPerStrip = max(1, Chunk.rowCount / Tile.rows)
    var rowTile = rowTiles.lowerBound
    while rowTile < rowTiles.upperBound {
        let matrix = rowTile / tilesPerMatrix
        let first = rowTile % tilesPerMatrix
        let count = min(tilesPerStrip, tilesPerMatrix - first, rowTiles.upperBound - rowTile)
        let rows = first * Tile.rows..<(first + count) * Tile.rows
        var token = 0
        if count == tilesPerStrip {
            while token + Chunk.tokenCount <= product.tokens {
                for row in stride(from: rows.lowerBound, to: rows.upperBound, by: Chunk.rowCount) {
                    Chunk.run(product, OutputBlock(matrix: matrix, row: row, token: token))
                }
                token += Chunk.tokenCount
            }
        }
        for row in stride(from: rows.lowerBound, to: rows.upperBound, by: Single.rowCount) {
            for token in token..<product.tokens { Single.run(product, OutputBlock(matrix: matrix, row: row, token: token)) }
        }
        rowTile += count
    }
}
