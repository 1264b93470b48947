import Tiles

/// A tile of f32: the order of a panel.
enum F32Tile: TileCodec {
    @inline(__always) private static var layout: TileLayout { WeightType.f32.layout }

    static func encode(
        _ weights: HalfPanel, _ importance: UnsafePointer<Float>?, _ half: HalfTile, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) -> Bool {
        for column in 0..<Tile.columns {
            tile.storeBytes(of: weights[column], toByteOffset: layout.offset(row: half.row, column: column), as: Lanes.self)
            figures.add(weights[column], stored: weights[column])
        }
        return true
    }

    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel) {
        for column in 0..<Tile.columns {
            weights[column] = tile.loadUnaligned(fromByteOffset: layout.offset(row: half.row, column: column), as: Lanes.self)
        }
    }
}

/// A tile of f16: the order of a panel.
enum F16Tile: TileCodec {
    @inline(__always) private static var layout: TileLayout { WeightType.f16.layout }

    /// False if a weight is too large for f16.
    static func encode(
        _ weights: HalfPanel, _ importance: UnsafePointer<Float>?, _ half: HalfTile, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) -> Bool {
        for column in 0..<Tile.columns {
            let halves = LaneBits(narrowing: weights[column])
            halves.storeHalves(to: tile + layout.offset(row: half.row, column: column))
            figures.add(weights[column], stored: halves.widened)
        }
        return figures.isBelow(halfOverflow)
    }

    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel) {
        for column in 0..<Tile.columns {
            weights[column] = LaneBits(loadingHalves: tile + layout.offset(row: half.row, column: column)).widened
        }
    }
}
