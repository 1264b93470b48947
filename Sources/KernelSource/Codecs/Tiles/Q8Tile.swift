import Tiles

/// A tile of q8: scales, then signed bytes, four inputs of a row together and the 16 rows side by side.
enum Q8Tile: TileCodec {
    static let largestCode: Float = 127
    @inline(__always) private static var layout: TileLayout { WeightType.q8.layout }

    /// False if a weight is so large that its block's scale is beyond f16.
    static func encode(
        _ weights: HalfPanel, _ importance: UnsafePointer<Float>?, _ half: HalfTile, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) -> Bool {
        for block in 0..<Tile.blocks {
            let weights = weights.advanced(by: block * Tile.block)
            var largest = Lanes.zero
            for column in 0..<Tile.block { largest = largest.larger(weights[column].magnitude) }
            let scale = BlockScale(largest / Lanes(repeating: largestCode), extreme: largest, largestCode: largestCode)
            scale.store(in: tile, block: block, half)
            for quad in 0..<Tile.steps {
                var codes = LaneBits.zero
                for part in 0..<Tile.step {
                    let weight = weights[quad * Tile.step + part]
                    let code = (weight * scale.inverse).roundedToEven
                    codes |= (code.wholeBits & LaneBits(repeating: 0xFF)) &<< LaneBits(repeating: UInt32(8 * part))
                    figures.add(weight, stored: code * scale.scale)
                }
                tile.storeBytes(
                    of: codes, toByteOffset: layout.offset(row: half.row, column: block * Tile.block + quad * Tile.step),
                    as: LaneBits.self)
            }
        }
        return figures.isBelow(halfOverflow * largestCode)
    }

    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel) {
        for block in 0..<Tile.blocks {
            let scale = BlockScale(loading: tile, block: block, half).scale
            for quad in 0..<Tile.steps {
                let codes = tile.loadUnaligned(
                    fromByteOffset: layout.offset(row: half.row, column: block * Tile.block + quad * Tile.step),
                    as: SIMD8<Int32>.self)
                for part in 0..<Tile.step {
                    let code = (codes &<< SIMD8<Int32>(repeating: Int32(24 - 8 * part))) &>> SIMD8<Int32>(repeating: 24)
                    weights[block * Tile.block + quad * Tile.step + part] = Lanes(code) * scale
                }
            }
        }
    }
}
