import Tiles

/// A tile of q8: scales, then signed bytes, four inputs of a row together and the 16 rows side by side.
enum Q8Tile: TileCodec {
    @inline(__always) private static var largestCode: Float { 127 }
    @inline(__always) static var layout: TileLayout { WeightType.q8.layout }
    @inline(__always) static var overflow: Float { halfOverflow * largestCode }

    @inline(never) static func encode(
        _ weights: PanelRows, _ importance: UnsafePointer<Float>?, row: Int, into tile: UnsafeMutableRawPointer,
        _ figures: inout LaneFigures
    ) {
        for block in 0..<Tile.blocks {
            let weights = weights.from(input: block * Tile.block)
            var largest = Lanes.zero
            for column in 0..<Tile.block { largest = largest.larger(weights[input: column].size) }
            let scale = blockScale(largest / Lanes(repeating: largestCode), extreme: largest, largestCode: largestCode)
            storeScale(scale, in: tile, block: block, row: row)
            for quad in 0..<Tile.steps {
                var codes = LaneBits.zero
                for part in 0..<Tile.step {
                    let weight = weights[input: quad * Tile.step + part]
                    let code = (weight * scale.inverse).roundedToEven
                    codes |= (code.wholeBits & LaneBits(repeating: 0xFF)) &<< LaneBits(repeating: UInt32(8 * part))
                    add(weight, stored: code * scale.scale, to: &figures)
                }
                let offset = layout.offset(row: row, column: block * Tile.block + quad * Tile.step)
                tile.storeBytes(of: codes, toByteOffset: offset, as: LaneBits.self)
            }
        }
    }

    @inline(__always) static func decode(_ tile: UnsafeRawPointer, row: Int, into weights: PanelRows) {
        for block in 0..<Tile.blocks {
            let scale = blockScale(loading: tile, block: block, row: row).scale
            for quad in 0..<Tile.steps {
                let offset = layout.offset(row: row, column: block * Tile.block + quad * Tile.step)
                let codes = tile.loadUnaligned(fromByteOffset: offset, as: LaneInts.self)
                for part in 0..<Tile.step {
                    let code = (codes &<< LaneInts(repeating: Int32(24 - 8 * part))) &>> LaneInts(repeating: 24)
                    weights[input: block * Tile.block + quad * Tile.step + part] = numbers(code) * scale
                }
            }
        }
    }
}
