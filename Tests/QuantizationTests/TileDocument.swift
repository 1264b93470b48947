import Tiles

/// Reads a weight out of a tile as `formats/rgq.md`, "Tiles", describes it: what the encoder is compared with.
enum TileDocument {
    static func weight(_ tiles: [UInt8], _ type: WeightType, _ shape: MatrixShape, matrix: Int, row: Int, column: Int) -> Float {
        let tileIndex = (matrix * shape.rowTiles + row / 16) * shape.columnTiles + column / 64
        let tile = Array(tiles[tileIndex * type.bytesPerTile..<(tileIndex + 1) * type.bytesPerTile])
        let r = row % 16, c = column % 64
        switch type {
        case .f32: return tile.withUnsafeBytes { $0.load(fromByteOffset: 4 * (16 * c + r), as: Float.self) }
        case .f16: return Float(half(tile, 16 * c + r))
        case .q8: return scale(tile, row: r, block: c / 32) * Float(Int8(bitPattern: tile[64 + 16 * 4 * (c / 4) + 4 * r + c % 4]))
        case .q4:
            let i = c % 32
            let byte = tile[64 + 16 * 4 * (i / 4) + 4 * r + i % 4]
            let code = c < 32 ? byte & 0xF : byte >> 4
            return scale(tile, row: r, block: c / 32) * Float(Int(code) - 8)
        }
    }

    /// The scale of a block, counted over the padded row.
    static func scale(_ tiles: [UInt8], _ type: WeightType, _ shape: MatrixShape, row: Int, block: Int) -> Float {
        let start = (row / 16 * shape.columnTiles + block / 2) * type.bytesPerTile
        return scale(Array(tiles[start..<start + 64]), row: row % 16, block: block % 2)
    }

    private static func scale(_ tile: [UInt8], row: Int, block: Int) -> Float { Float(half(tile, 16 * block + row)) }

    private static func half(_ tile: [UInt8], _ index: Int) -> Float16 {
        tile.withUnsafeBytes { Float16(bitPattern: $0.load(fromByteOffset: 2 * index, as: UInt16.self)) }
    }
}
