import Tiles

/// A tile of q4: scales, then bytes with a code of block 0 in the low nibble and one of block 1 in the high nibble; otherwise as
/// ``Q8Tile``. Codes are stored plus 8.
enum Q4Tile: TileCodec {
    @inline(__always) private static var layout: TileLayout { WeightType.q4.layout }
    @inline(__always) private static var bias: Int32 { WeightType.q4.properties.codeBias }

    /// False if a weight is so large that its block's scale is beyond f16.
    static func encode(
        _ weights: HalfPanel, _ importance: UnsafePointer<Float>?, _ half: HalfTile, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) -> Bool {
        let low = ScaleSearch.scale(weights, importance)
        let high = ScaleSearch.scale(weights.advanced(by: Tile.block), importance.map { $0 + Tile.block })
        return write(low, high, of: weights, half, into: tile, &figures) { column, scale in
            ScaleSearch.code(weights[column], scale.inverse)
        }
    }

    /// Writes codes [``Tile/columns``] that were found for the weights, under the scales of both blocks. False as for ``encode``.
    static func store(
        _ codes: UnsafePointer<Lanes>, _ low: BlockScale, _ high: BlockScale, of weights: HalfPanel, _ half: HalfTile,
        into tile: UnsafeMutableRawPointer, _ figures: inout LaneFigures
    ) -> Bool {
        write(low, high, of: weights, half, into: tile, &figures) { column, _ in codes[column] }
    }

    /// Writes the scales of both blocks, and the codes that `code` has for a column under its block's scale.
    @inline(__always) private static func write(
        _ low: BlockScale, _ high: BlockScale, of weights: HalfPanel, _ half: HalfTile, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures, _ code: (_ column: Int, _ scale: BlockScale) -> Lanes
    ) -> Bool {
        low.store(in: tile, block: 0, half)
        high.store(in: tile, block: 1, half)
        for quad in 0..<Tile.steps {
            var codes = LaneBits.zero
            for part in 0..<Tile.step {
                let column = quad * Tile.step + part
                let lowCodes = code(column, low)
                figures.add(weights[column], stored: lowCodes * low.scale)
                let highCodes = code(Tile.block + column, high)
                figures.add(weights[Tile.block + column], stored: highCodes * high.scale)
                let pair = nibbles(lowCodes) | nibbles(highCodes) &<< LaneBits(repeating: 4)
                codes |= pair &<< LaneBits(repeating: UInt32(8 * part))
            }
            tile.storeBytes(of: codes, toByteOffset: layout.offset(row: half.row, column: quad * Tile.step), as: LaneBits.self)
        }
        return figures.isBelow(halfOverflow * -ScaleSearch.lowestCode)
    }

    /// Codes as they are stored.
    @inline(__always) private static func nibbles(_ codes: Lanes) -> LaneBits {
        (codes.wholeBits &+ LaneBits(repeating: UInt32(bias))) & LaneBits(repeating: 0xF)
    }

    static func decode(_ tile: UnsafeRawPointer, _ half: HalfTile, into weights: HalfPanel) {
        for block in 0..<Tile.blocks {
            let scale = BlockScale(loading: tile, block: block, half).scale
            for quad in 0..<Tile.steps {
                let codes = tile.loadUnaligned(
                    fromByteOffset: layout.offset(row: half.row, column: quad * Tile.step), as: LaneBits.self)
                for part in 0..<Tile.step {
                    let stored = (codes &>> LaneBits(repeating: UInt32(8 * part + 4 * block))) & LaneBits(repeating: 0xF)
                    let code = SIMD8<Int32>(truncatingIfNeeded: stored) &- SIMD8<Int32>(repeating: bias)
                    weights[block * Tile.block + quad * Tile.step + part] = Lanes(code) * scale
                }
            }
        }
    }
}
