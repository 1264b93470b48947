import Tiles

/// How the tiles of a weight type are written and read, as many rows at a time as there are lanes.
protocol TileCodec {
    /// Where the numbers of a tile lie.
    static var layout: TileLayout { get }

    /// Weights from here on are beyond what the type can hold.
    static var overflow: Float { get }

    /// Writes the rows of a tile from `row` on and adds how far they are from the weights. `importance` says how much an error in
    /// each of the 64 inputs counts, nil if all count the same; types without a search ignore it.
    static func encode(
        _ weights: PanelRows, _ importance: UnsafePointer<Float>?, row: Int, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    )

    /// Reads the rows of a tile from `row` on.
    static func decode(_ tile: UnsafeRawPointer, row: Int, into weights: PanelRows)
}

/// Calls `body` with the first of the rows that the lanes are, one time after the other.
@inline(__always) func forEachRows(_ body: (_ row: Int) -> Void) {
    for row in stride(from: 0, to: Tile.rows, by: Lanes.scalarCount) { body(row) }
}
