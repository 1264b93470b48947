import Tiles

/// A codec of blocks whose codes can be chosen one by one, as ``encodeWithFeedback(_:into:_:)`` does.
protocol FeedbackCodec: TileCodec, SearchedCodes {
    /// What moved weights are limited to, so that their scales fit f16.
    static var largestMoved: Float { get }

    /// Writes the rows of a tile as codes [``Tile/columns``] that were found for the weights, under the scales of both blocks;
    /// otherwise as ``encode(_:_:row:into:_:)``.
    static func store(
        _ codes: UnsafePointer<Lanes>, _ low: BlockScale, _ high: BlockScale, of weights: PanelRows, row: Int,
        into tile: UnsafeMutableRawPointer, _ figures: inout LaneFigures
    )
}
