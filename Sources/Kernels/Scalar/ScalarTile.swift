import CSIMD
import KernelTypes
import Tiles

/// One tile as `formats/rgq.md`, "Tiles", describes it, number by number.
struct ScalarTile {
    let bytes: UnsafeRawPointer
    let type: WeightType

    /// The weight of a row (0…15) and a column (0…63).
    func weight(_ row: Int, _ column: Int) -> Float {
        let offset = type.layout.offset(row: row, column: column)
        return switch type {
        case .f32: bytes.load(fromByteOffset: offset, as: Float.self)
        case .f16: csimd_f16_to_f32(bytes.load(fromByteOffset: offset, as: UInt16.self))
        case .q8, .q4: scale(row, column / Tile.block) * Float(code(row, column))
        }
    }

    /// The scale of a row in block 0 or 1; for types of codes.
    func scale(_ row: Int, _ block: Int) -> Float {
        csimd_f16_to_f32(bytes.load(fromByteOffset: TileLayout.scaleOffset(row: row, block: block), as: UInt16.self))
    }

    /// The code of a row and a column, -127…127 or -8…7; for types of codes.
    func code(_ row: Int, _ column: Int) -> Int32 {
        let layout = type.layout
        let byte = bytes.load(fromByteOffset: layout.offset(row: row, column: column), as: UInt8.self)
        if layout.bits == 8 { return Int32(Int8(bitPattern: byte)) }
        let mask: UInt8 = 1 << layout.bits - 1
        return Int32(byte >> layout.shift(column: column) & mask) - type.properties.codeBias
    }
}

extension TiledMatrix {
    /// A tile, counted over the whole stack.
    func tile(_ index: Int) -> ScalarTile { ScalarTile(bytes: tiles + index * type.bytesPerTile, type: type) }
}
