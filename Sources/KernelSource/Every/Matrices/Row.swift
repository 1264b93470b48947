import KernelTypes
import Tiles

/// See `KernelSet.row`. A row is four bytes here and there in each tile, once a token: not worth vectors.
@Sendable func row(_ matrix: TiledMatrix, _ row: Int, _ scale: Float, _ output: UnsafeMutablePointer<Float>) {
    let columns = matrix.shape.columns
    let lane = row % Tile.rows
    let tileBytes = matrix.type.bytesPerTile
    let tiles = matrix.tiles + row / Tile.rows * matrix.shape.columnTiles * tileBytes
    for column in 0..<columns {
        let tile = tiles + column / Tile.columns * tileBytes
        let inTile = column % Tile.columns
        switch matrix.type {
        case .f32: output[column] = tile.load(fromByteOffset: (inTile * Tile.rows + lane) * 4, as: Float.self) * scale
        case .f16: output[column] = widen(tile.load(fromByteOffset: (inTile * Tile.rows + lane) * 2, as: UInt16.self)) * scale
        case .q8, .q4:
            let block = inTile / Tile.block
            let weightScale = widen(tile.load(fromByteOffset: (block * Tile.rows + lane) * 2, as: UInt16.self))
            output[column] = weightScale * Float(code(tile + Tile.scaleBytes, matrix.type, inTile, lane)) * scale
        }
    }
}

/// The code of a column (0…63) and row (0…15) of a q8 or q4 tile.
@inline(__always) private func code(_ codes: UnsafeRawPointer, _ type: WeightType, _ column: Int, _ row: Int) -> Int {
    let byte = column / 4 * 64 + row * 4 + column % 4
    if type == .q8 { return Int(codes.load(fromByteOffset: byte, as: Int8.self)) }
    // Columns 32…63 are the high nibbles of columns 0…31.
    return column < Tile.block
        ? Int(codes.load(fromByteOffset: byte, as: UInt8.self) & 15) - 8
        : Int(codes.load(fromByteOffset: byte - Tile.weights / 2, as: UInt8.self) >> 4) - 8
}

/// The f32 of one f16.
@inline(__always) private func widen(_ half: UInt16) -> Float { widen(RowHalves(repeating: half))[0] }
