import KernelTypes
import Tiles

/// See `KernelSet.row`. A row is a few bytes here and there in each tile, once per token: not worth vectors.
@Sendable func row(_ matrix: TiledMatrix, _ row: Int, _ scale: Float, _ output: UnsafeMutablePointer<Float>) {
    // The same for each type, so that its layout is a constant.
    switch matrix.type {
    case .f32:
        write(.f32, matrix, row, scale, output) { tile, layout, row, column in
            tile.load(fromByteOffset: layout.offset(row: row, column: column), as: Float.self)
        }
    case .f16:
        write(.f16, matrix, row, scale, output) { tile, layout, row, column in
            widen(tile, layout.offset(row: row, column: column))
        }
    case .q8:
        write(.q8, matrix, row, scale, output) { tile, layout, row, column in
            let code = tile.load(fromByteOffset: layout.offset(row: row, column: column), as: Int8.self)
            return blockScale(tile, row, column) * Float(code)
        }
    case .q4:
        write(.q4, matrix, row, scale, output) { tile, layout, row, column in
            let byte = tile.load(fromByteOffset: layout.offset(row: row, column: column), as: UInt8.self)
            let code = Int32(byte >> UInt8(truncatingIfNeeded: layout.shift(column: column)) & 15)
            return blockScale(tile, row, column) * Float(code - WeightType.q4.properties.codeBias)
        }
    }
}

/// Writes a row of a matrix; `weight` reads one weight, given a tile, its layout, and the row and column in it.
@inline(__always)
private func write(
    _ type: WeightType, _ matrix: TiledMatrix, _ row: Int, _ scale: Float, _ output: UnsafeMutablePointer<Float>,
    _ weight: (_ tile: UnsafeRawPointer, _ layout: TileLayout, _ row: Int, _ column: Int) -> Float
) {
    let layout = type.layout
    let tiles = matrix.tiles + row / Tile.rows * matrix.shape.columnTiles * layout.byteCount
    for column in 0..<matrix.shape.columns {
        let tile = tiles + column / Tile.columns * layout.byteCount
        output[column] = weight(tile, layout, row % Tile.rows, column % Tile.columns) * scale
    }
}

/// The scale of the block of a row and a column in a tile.
@inline(__always) private func blockScale(_ tile: UnsafeRawPointer, _ row: Int, _ column: Int) -> Float {
    widen(tile, TileLayout.scaleOffset(row: row, block: column / Tile.block))
}

/// The f32 of the f16 at an offset.
@inline(__always) private func widen(_ tile: UnsafeRawPointer, _ offset: Int) -> Float {
    widen(RowHalves(repeating: tile.load(fromByteOffset: offset, as: UInt16.self)))[0]
}
