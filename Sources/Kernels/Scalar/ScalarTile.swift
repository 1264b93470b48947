import KernelTypes
import Tiles

/// One tile as `formats/rgq.md`, "Tiles", describes it, number by number.
struct ScalarTile {
    let bytes: UnsafeRawPointer
    let type: WeightType

    /// The weight of a row (0…15) and a column (0…63).
    func weight(_ row: Int, _ column: Int) -> Float {
        switch type {
        case .f32: bytes.load(fromByteOffset: 4 * (Tile.rows * column + row), as: Float.self)
        case .f16: HalfPrecision.widen(bytes.load(fromByteOffset: 2 * (Tile.rows * column + row), as: UInt16.self))
        case .q8, .q4: scale(row, column / Tile.block) * Float(code(row, column))
        }
    }

    /// The scale of a row in block 0 or 1; for q8 and q4.
    func scale(_ row: Int, _ block: Int) -> Float {
        HalfPrecision.widen(bytes.load(fromByteOffset: 2 * (Tile.rows * block + row), as: UInt16.self))
    }

    /// The code of a row and a column, -127…127 or -8…7; for q8 and q4.
    func code(_ row: Int, _ column: Int) -> Int32 {
        // Both types put four consecutive columns of a row together and the rows side by side; the
        // columns of q4 are those of a block.
        let codes = bytes + Tile.scaleBytes
        func offset(_ column: Int) -> Int { column / 4 * 4 * Tile.rows + row * 4 + column % 4 }
        if type == .q8 { return Int32(codes.load(fromByteOffset: offset(column), as: Int8.self)) }
        let pair = codes.load(fromByteOffset: offset(column % Tile.block), as: UInt8.self)
        return Int32(column < Tile.block ? pair & 15 : pair >> 4) - 8
    }
}

extension TiledMatrix {
    /// A tile, counted over the whole stack.
    func tile(_ index: Int) -> ScalarTile { ScalarTile(bytes: tiles + index * type.bytesPerTile, type: type) }
}
