import Tiles

/// A tile of q4: scales, then bytes with a code of block 0 in the low nibble and one of block 1 in the high nibble; otherwise as
/// ``Q8Tile``. Codes are stored plus 8.
enum Q4Tile: FeedbackCodec {
    @inline(__always) static var layout: TileLayout { WeightType.q4.layout }
    @inline(__always) static var overflow: Float { halfOverflow * -lowestCode }
    @inline(__always) private static var bias: Int32 { WeightType.q4.properties.codeBias }
    @inline(__always) static var plain: Float { lowestCode }
    /// Besides -8. With these the sum of squared errors is 0.6 % (normally distributed weights) and 0.3 % (Laplace) above that of
    /// the best of 45 scales; eight come 0.4 % and 0.2 % nearer, but cost half as much time again.
    @inline(__always) static var tried: (Float, Float, Float, Float) { (-7.1, -8.5, -9.1, -10) }
    @inline(__always) static var largestMoved: Float { 65_500 * -lowestCode }
    @inline(__always) private static var lowestCode: Float { -8 }
    @inline(__always) private static var highestCode: Float { 7 }

    @inline(__always) static func code(_ weights: Lanes, _ inverse: Lanes) -> Lanes {
        // Limited after rounding: the other way round the compiler folds the rounding into a slower limit.
        (weights * inverse).roundedToEven.larger(Lanes(repeating: lowestCode)).smaller(Lanes(repeating: highestCode))
    }

    @inline(never) static func encode(
        _ weights: PanelRows, _ importance: UnsafePointer<Float>?, row: Int, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) {
        let low = searchScale(Q4Tile.self, weights, importance)
        let high = searchScale(Q4Tile.self, weights.from(input: Tile.block), importance.map { $0 + Tile.block })
        write(low, high, of: weights, row: row, into: tile, &figures) { code(weights[input: $0], $1.inverse) }
    }

    @inline(never) static func store(
        _ codes: UnsafePointer<Lanes>, _ low: BlockScale, _ high: BlockScale, of weights: PanelRows, row: Int,
        into tile: UnsafeMutableRawPointer, _ figures: inout LaneFigures
    ) {
        write(low, high, of: weights, row: row, into: tile, &figures) { column, _ in codes[column] }
    }

    /// Writes the scales of both blocks, and the codes that `code` has for a column under its block's scale.
    @inline(__always) private static func write(
        _ low: BlockScale, _ high: BlockScale, of weights: PanelRows, row: Int, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures, _ code: (_ column: Int, _ scale: BlockScale) -> Lanes
    ) {
        storeScale(low, in: tile, block: 0, row: row)
        storeScale(high, in: tile, block: 1, row: row)
        for quad in 0..<Tile.steps {
            var codes = LaneBits.zero
            for part in 0..<Tile.step {
                let column = quad * Tile.step + part
                let lowCodes = code(column, low)
                add(weights[input: column], stored: lowCodes * low.scale, to: &figures)
                let highCodes = code(Tile.block + column, high)
                add(weights[input: Tile.block + column], stored: highCodes * high.scale, to: &figures)
                let pair = nibbles(lowCodes) | nibbles(highCodes) &<< LaneBits(repeating: 4)
                codes |= pair &<< LaneBits(repeating: UInt32(8 * part))
            }
            tile.storeBytes(of: codes, toByteOffset: layout.offset(row: row, column: quad * Tile.step), as: LaneBits.self)
        }
    }

    /// Codes as they are stored.
    @inline(__always) private static func nibbles(_ codes: Lanes) -> LaneBits {
        (codes.wholeBits &+ LaneBits(repeating: UInt32(bias))) & LaneBits(repeating: 0xF)
    }

    @inline(__always) static func decode(_ tile: UnsafeRawPointer, row: Int, into weights: PanelRows) {
        for block in 0..<Tile.blocks {
            let scale = blockScale(loading: tile, block: block, row: row).scale
            for quad in 0..<Tile.steps {
                let offset = layout.offset(row: row, column: quad * Tile.step)
                let codes = tile.loadUnaligned(fromByteOffset: offset, as: LaneBits.self)
                for part in 0..<Tile.step {
                    let stored = (codes &>> LaneBits(repeating: UInt32(8 * part + 4 * block))) & LaneBits(repeating: 0xF)
                    let code = unsafeBitCast(stored, to: LaneInts.self) &- LaneInts(repeating: bias)
                    weights[input: block * Tile.block + quad * Tile.step + part] = numbers(code) * scale
                }
            }
        }
    }
}
