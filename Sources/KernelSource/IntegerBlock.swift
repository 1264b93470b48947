import CSIMD
import KernelTypes
import Tiles

/// The product of a q8 or q4 matrix for `parts` registers of rows × `tokens` tokens, whose sums stay in registers over all columns.
///
/// Parts of more than a tile go on in the next row of tiles. For each output the blocks are added in order, whatever the block's size,
/// so that all sizes give the same bits.
struct IntegerBlock<Codes: BlockCodes, let parts: Int, let tokens: Int>: ProductBlock {
    @inline(__always) static var rowCount: Int { parts * rowLanes }
    @inline(__always) static var tokenCount: Int { tokens }

    @inline(__always)
    static func run(_ product: MatrixProduct, _ origin: OutputBlock) {
        let shape = product.matrix.shape
        let partsPerTile = Tile.rows / rowLanes
        let rowBytes = shape.columnTiles * Codes.tileBytes
        let lane = origin.row % Tile.rows
        var tile = product.matrix.tiles + origin.rowTile(shape) * rowBytes

        let blocks = shape.columnTiles * Tile.blocks
        let tokenBlocks = shape.count * blocks
        let tokenCodes = tokenBlocks * Tile.block
        let firstBlock = origin.token * tokenBlocks + origin.matrix * blocks
        var activations = UnsafeRawPointer(product.quantized.codes + firstBlock * Tile.block)
        var scales = product.quantized.scales + firstBlock
        var totals = product.quantized.sums + firstBlock

        var results = InlineArray<tokens, InlineArray<parts, RowFloats>>(repeating: .init(repeating: .zero))
        for _ in 0..<shape.columnTiles {
            for block in 0..<Tile.blocks {
                var sums = InlineArray<tokens, InlineArray<parts, Codes.Sums>>(repeating: .init(repeating: Codes.zero))
                for token in 0..<tokens {
                    for part in 0..<parts { sums[token][part] = Codes.start(total: totals[token * tokenBlocks]) }
                }
                for step in 0..<Tile.block / 4 {
                    for part in 0..<parts {
                        let offset = (part / partsPerTile) * rowBytes + Tile.scaleBytes + (part % partsPerTile * rowLanes + lane) * 4
                        let weights = Codes.load(tile + offset, block: block, step: step)
                        for token in 0..<tokens {
                            let four = broadcast(activations + token * tokenCodes, step)
                            Codes.add(&sums[token][part], weights, four)
                        }
                    }
                }
                for part in 0..<parts {
                    let row = part % partsPerTile * rowLanes + lane
                    let offset = (part / partsPerTile) * rowBytes + (block * Tile.rows + row) * 2
                    let weightScale = widen(tile.loadUnaligned(fromByteOffset: offset, as: RowHalves.self))
                    for token in 0..<tokens {
                        let index = token * tokenBlocks
                        let sum = floats(Codes.finish(sums[token][part], total: totals[index]))
                        let scale = weightScale * RowFloats(repeating: scales[index])
                        results[token][part] = multiplyAdd(results[token][part], sum, scale)
                    }
                }
                activations += Tile.block
                scales += 1
                totals += 1
            }
            tile += Codes.tileBytes
        }
        for token in 0..<tokens {
            for part in 0..<parts { origin.write(results[token][part], part: part, token: token, product) }
        }
    }
}
