import Tiles

/// How the tiles of a weight type are written and read, eight rows at a time.
protocol TileCodec {
    /// Writes half the rows of a tile and adds how far they are from the weights. `importance` says how much an error in each of
    /// the 64 inputs counts, nil if all count the same; types without a search ignore it. False if a weight is beyond what the type
    /// can hold.
    static func encode(
        _ weights: HalfPanel, _ importance: UnsafePointer<Float>?, _ half: HalfTile, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) -> Bool

    /// Reads half the rows of a tile.
    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel)
}

extension WeightType {
    /// What writes and reads tiles of the type.
    var codec: any TileCodec.Type {
        switch self {
        case .f32: F32Tile.self
        case .f16: F16Tile.self
        case .q8: Q8Tile.self
        case .q4: Q4Tile.self
        }
    }
}
