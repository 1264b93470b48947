import KernelTypes
import Kernels
import Tiles

/// Writes rows of tiles in one weight type, as `formats/rgq.md` lays them out.
///
/// The bytes depend only on the weights, and for `q4` on the importance of the inputs. If it is known how inputs go together,
/// ``ErrorFeedback`` writes better `q4`.
public struct TileEncoder: Sendable {
    /// The type of the tiles.
    public let type: WeightType

    private let codecs: CodecSet

    /// For tiles of a type.
    public init(_ type: WeightType, codecs: CodecSet = Codecs.best) {
        self.type = type
        self.codecs = codecs
    }

    /// Writes the tiles of a panel and returns how far they are from it.
    ///
    /// - `f32`: exact.
    /// - `f16`: to nearest, halves to even.
    /// - `q8`: scale = max|weight| / 127 of the block, rounded to f16; codes to nearest, halves to even, with that scale.
    /// - `q4`: the scale with the least sum of squared errors, each times the importance of its input (`searchScale` of the kernels' source); codes as
    ///   for `q8`.
    ///
    /// `tiles` has room for ``Panel/columnTiles`` tiles of the type and is 4-byte aligned. Throws for a weight beyond what the type
    /// can hold: from 65,520 on for `f16`, from 127 times that for `q8`, from 8 times that for `q4`.
    public func encode(_ panel: Panel, into tiles: UnsafeMutableRawPointer) throws(QuantizationError) -> ErrorFigures {
        var figures = ErrorFigures()
        let inRange = codecs.encode(type, panel.values, panel.importance, panel.columnTiles, tiles, &figures)
        guard inRange == panel.columnTiles else { throw QuantizationError(largestOf: panel, tile: inRange) }
        return figures
    }
}

extension QuantizationError {
    /// The error for the largest weight of a tile.
    init(largestOf panel: Panel, tile: Int) {
        let indices = tile * Tile.weights..<(tile + 1) * Tile.weights
        let index = indices.max { panel.values[$0].magnitude < panel.values[$1].magnitude } ?? indices.lowerBound
        self.init(row: index % Tile.rows, column: index / Tile.rows, value: panel.values[index])
    }
}
