import KernelTypes
import Kernels
import Tiles

/// Reads rows of tiles back as f32.
public struct TileDecoder: Sendable {
    /// The type of the tiles.
    public let type: WeightType

    private let codecs: CodecSet

    /// For tiles of a type.
    public init(_ type: WeightType, codecs: CodecSet = Codecs.best) {
        self.type = type
        self.codecs = codecs
    }

    /// Fills a panel from the ``Panel/columnTiles`` tiles of a row of tiles, which are 4-byte aligned. Padding is 0 as stored.
    public func decode(_ tiles: UnsafeRawPointer, into panel: Panel) {
        codecs.decode(type, tiles, panel.columnTiles, panel.values)
    }
}
