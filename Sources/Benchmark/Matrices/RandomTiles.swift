import Tiles

/// Weights as a model could have them: kernels take their time over infinities and the like.
enum RandomTiles {
    /// Fills a buffer with tiles of `type`: a megabyte of random ones, again and again.
    static func fill(_ buffer: StreamBuffer, _ type: WeightType) {
        let tiles = min(buffer.byteCount, 1 << 20) / type.bytesPerTile
        var random = SplitMix(seed: 2)
        for tile in 0..<tiles { write(type, to: buffer.start + tile * type.bytesPerTile, &random) }
        var filled = tiles * type.bytesPerTile
        while filled < buffer.byteCount {
            let count = min(filled, buffer.byteCount - filled)
            (buffer.start + filled).copyMemory(from: buffer.start, byteCount: count)
            filled += count
        }
    }

    private static func write(_ type: WeightType, to tile: UnsafeMutableRawPointer, _ random: inout SplitMix) {
        if type == .f32 {
            for index in 0..<Tile.weights { tile.storeBytes(of: random.nextFloat(), toByteOffset: 4 * index, as: Float.self) }
            return
        }
        // Halves: all of an f16 tile, or the scales before codes.
        let halfBytes = type.isBlockQuantized ? type.layout.scaleBytes : type.bytesPerTile
        for offset in stride(from: 0, to: halfBytes, by: 2) {
            tile.storeBytes(of: random.nextHalf(), toByteOffset: offset, as: UInt16.self)
        }
        for offset in halfBytes..<type.bytesPerTile {
            tile.storeBytes(of: UInt8(truncatingIfNeeded: random.next()), toByteOffset: offset, as: UInt8.self)
        }
    }
}
