import Tiles

/// What writes and reads tiles, for one instruction set: the converter's arithmetic. `Codecs` chooses a set at start.
///
/// All sets write the same bytes, on any processor: each row's numbers come from the same sequence of single operations in f32,
/// none of which multiplies and adds in one rounding. The functions trust their operands. None allocates, none keeps a pointer.
///
/// A panel is one row of tiles as f32, [columns, ``Tile/rows``]; columns are those of whole tiles.
public struct CodecSet: Sendable {
    /// `x86-64`, `avx2`, `avx512`, `neon`.
    public let name: String

    /// Writes the tiles of a panel and adds how far they are from it. An error in a weight counts by the importance of its input
    /// [columns]; nil if all count the same, and for types without a search. Returns the number of tiles, or that of the first one
    /// that has a weight beyond what the type can hold.
    public let encode:
        @Sendable (
            _ type: WeightType, _ panel: UnsafeMutablePointer<Float>, _ importance: UnsafePointer<Float>?, _ tileCount: Int,
            _ tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
        ) -> Int

    /// Writes the q4 tiles of a group of inputs with codes whose errors make up for each other, and adds how far they are from the
    /// weights. Returns as ``encode``.
    public let encodeWithFeedback:
        @Sendable (
            _ group: FeedbackGroup, _ tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
        ) -> Int

    /// Fills a panel from its tiles. Padding is 0 as stored.
    public let decode:
        @Sendable (
            _ type: WeightType, _ tiles: UnsafeRawPointer, _ tileCount: Int, _ panel: UnsafeMutablePointer<Float>
        ) -> Void

    /// Adds how far a stored panel is from another of the same size.
    public let compare:
        @Sendable (
            _ panel: UnsafeMutablePointer<Float>, _ stored: UnsafeMutablePointer<Float>, _ tileCount: Int,
            _ figures: UnsafeMutablePointer<ErrorFigures>
        ) -> Void

    /// A set of these functions.
    public init(
        name: String,
        encode:
            @escaping @Sendable (
                WeightType, UnsafeMutablePointer<Float>, UnsafePointer<Float>?, Int, UnsafeMutableRawPointer,
                UnsafeMutablePointer<ErrorFigures>
            ) -> Int,
        encodeWithFeedback:
            @escaping @Sendable (FeedbackGroup, UnsafeMutableRawPointer, UnsafeMutablePointer<ErrorFigures>) -> Int,
        decode: @escaping @Sendable (WeightType, UnsafeRawPointer, Int, UnsafeMutablePointer<Float>) -> Void,
        compare:
            @escaping @Sendable (
                UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int, UnsafeMutablePointer<ErrorFigures>
            ) -> Void
    ) {
        self.name = name
        self.encode = encode
        self.encodeWithFeedback = encodeWithFeedback
        self.decode = decode
        self.compare = compare
    }
}
