import KernelTypes
import Tiles

/// The codecs under this module's flags.
public let codecSet = CodecSet(
    name: codecSetName, encode: encode, encodeWithFeedback: encodeWithFeedback, decode: decode, compare: compare)

/// See `CodecSet.encode`.
@Sendable private func encode(
    _ type: WeightType, _ panel: UnsafeMutablePointer<Float>, _ importance: UnsafePointer<Float>?, _ tileCount: Int,
    _ tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
) -> Int {
    switch type {
    case .f32: encode(F32Tile.self, panel, importance, tileCount, tiles, figures)
    case .f16: encode(F16Tile.self, panel, importance, tileCount, tiles, figures)
    case .q8: encode(Q8Tile.self, panel, importance, tileCount, tiles, figures)
    case .q4: encode(Q4Tile.self, panel, importance, tileCount, tiles, figures)
    }
}

@inline(__always)
private func encode<Codec: TileCodec>(
    _: Codec.Type, _ panel: UnsafeMutablePointer<Float>, _ importance: UnsafePointer<Float>?, _ tileCount: Int,
    _ tiles: UnsafeMutableRawPointer, _ figures: UnsafeMutablePointer<ErrorFigures>
) -> Int {
    for tile in 0..<tileCount {
        let column = tile * Tile.columns
        var areInRange = true
        forEachRows { row in
            var rowFigures = noFigures
            Codec.encode(
                panel + (column * Tile.rows + row), importance.map { $0 + column }, row: row,
                into: tiles + tile * Codec.layout.byteCount, &rowFigures)
            areInRange = areInRange && areBelow(Codec.overflow, rowFigures.largestWeight)
            merge(rowFigures, into: figures)
        }
        if !areInRange { return tile }
    }
    return tileCount
}

/// See `CodecSet.decode`.
@Sendable private func decode(
    _ type: WeightType, _ tiles: UnsafeRawPointer, _ tileCount: Int, _ panel: UnsafeMutablePointer<Float>
) {
    switch type {
    case .f32: decode(F32Tile.self, tiles, tileCount, panel)
    case .f16: decode(F16Tile.self, tiles, tileCount, panel)
    case .q8: decode(Q8Tile.self, tiles, tileCount, panel)
    case .q4: decode(Q4Tile.self, tiles, tileCount, panel)
    }
}

@inline(__always)
private func decode<Codec: TileCodec>(
    _: Codec.Type, _ tiles: UnsafeRawPointer, _ tileCount: Int, _ panel: UnsafeMutablePointer<Float>
) {
    for tile in 0..<tileCount {
        forEachRows { row in
            let weights = panel + (tile * Tile.weights + row)
            Codec.decode(tiles + tile * Codec.layout.byteCount, row: row, into: weights)
        }
    }
}

/// See `CodecSet.compare`.
@Sendable private func compare(
    _ panel: UnsafeMutablePointer<Float>, _ stored: UnsafeMutablePointer<Float>, _ tileCount: Int,
    _ figures: UnsafeMutablePointer<ErrorFigures>
) {
    for tile in 0..<tileCount {
        forEachRows { row in
            let original = panel + (tile * Tile.weights + row), other = stored + (tile * Tile.weights + row)
            var rowFigures = noFigures
            addAll(original, stored: other, to: &rowFigures)
            merge(rowFigures, into: figures)
        }
    }
}

@inline(never) private func addAll(_ original: PanelRows, stored: PanelRows, to figures: inout LaneFigures) {
    for column in 0..<Tile.columns { add(original[input: column], stored: stored[input: column], to: &figures) }
}
