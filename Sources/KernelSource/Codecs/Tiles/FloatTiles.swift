import Tiles

/// A tile of f32: the order of a panel.
enum F32Tile: TileCodec {
    @inline(__always) static var layout: TileLayout { WeightType.f32.layout }
    @inline(__always) static var overflow: Float { .infinity }

    @inline(never) static func encode(
        _ weights: PanelRows, _ importance: UnsafePointer<Float>?, row: Int, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) {
        for column in 0..<Tile.columns {
            tile.storeBytes(of: weights[input: column], toByteOffset: layout.offset(row: row, column: column), as: Lanes.self)
            add(weights[input: column], stored: weights[input: column], to: &figures)
        }
    }

    @inline(__always) static func decode(_ tile: UnsafeRawPointer, row: Int, into weights: PanelRows) {
        for column in 0..<Tile.columns {
            weights[input: column] = tile.loadUnaligned(fromByteOffset: layout.offset(row: row, column: column), as: Lanes.self)
        }
    }
}

/// A tile of f16: the order of a panel.
enum F16Tile: TileCodec {
    @inline(__always) static var layout: TileLayout { WeightType.f16.layout }
    @inline(__always) static var overflow: Float { halfOverflow }

    @inline(never) static func encode(
        _ weights: PanelRows, _ importance: UnsafePointer<Float>?, row: Int, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) {
        for column in 0..<Tile.columns {
            let halves = narrowed(weights[input: column])
            tile.storeBytes(of: pack(halves), toByteOffset: layout.offset(row: row, column: column), as: LaneHalves.self)
            add(weights[input: column], stored: widened(halves), to: &figures)
        }
    }

    @inline(__always) static func decode(_ tile: UnsafeRawPointer, row: Int, into weights: PanelRows) {
        for column in 0..<Tile.columns {
            let offset = layout.offset(row: row, column: column)
            weights[input: column] = widened(unpack(tile.loadUnaligned(fromByteOffset: offset, as: LaneHalves.self)))
        }
    }
}
