import Tiles

/// A tile of f32: the order of a panel.
enum F32Tile {
    static func encode(
        _ weights: HalfPanel, _ half: HalfTile, into tile: UnsafeMutableRawPointer, _ figures: inout LaneFigures
    ) -> Bool {
        for column in 0..<Tile.columns {
            tile.storeBytes(of: weights[column], toByteOffset: 4 * (column * Tile.rows + half.row), as: Lanes.self)
            figures.add(weights[column], stored: weights[column])
        }
        return true
    }

    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel) {
        for column in 0..<Tile.columns {
            weights[column] = tile.loadUnaligned(fromByteOffset: 4 * (column * Tile.rows + half.row), as: Lanes.self)
        }
    }
}

/// A tile of f16: the order of a panel.
enum F16Tile {
    /// False if a weight is too large for f16.
    static func encode(
        _ weights: HalfPanel, _ half: HalfTile, into tile: UnsafeMutableRawPointer, _ figures: inout LaneFigures
    ) -> Bool {
        for column in 0..<Tile.columns {
            let halves = LaneBits(narrowing: weights[column])
            halves.storeHalves(to: tile + 2 * (column * Tile.rows + half.row))
            figures.add(weights[column], stored: halves.widened)
        }
        return figures.isBelow(halfOverflow)
    }

    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel) {
        for column in 0..<Tile.columns {
            weights[column] = LaneBits(loadingHalves: tile + 2 * (column * Tile.rows + half.row)).widened
        }
    }
}
