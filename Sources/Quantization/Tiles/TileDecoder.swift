import Tiles

/// Reads rows of tiles back as f32.
public struct TileDecoder: Sendable {
    /// The type of the tiles.
    public let type: WeightType

    /// For tiles of a type.
    public init(_ type: WeightType) { self.type = type }

    /// Fills a panel from the ``Panel/columnTiles`` tiles of a row of tiles, which are 4-byte aligned. Padding is 0 as stored.
    public func decode(_ tiles: UnsafeRawPointer, into panel: Panel) {
        for tile in 0..<panel.columnTiles {
            let bytes = tiles + tile * type.bytesPerTile
            for half in HalfTile.allCases {
                type.codec.decode(bytes, half, into: HalfPanel(panel, half, column: tile * Tile.columns))
            }
        }
    }
}
