import Tiles

/// The scales of one block, one per lane.
struct BlockScale {
    /// As stored.
    let halves: LaneBits
    let scale: Lanes
    /// 1 / scale; 0 where the scale is 0, so that all codes of such a block are 0.
    let inverse: Lanes

    /// Scales rounded to f16.
    @inline(__always) init(_ exact: Lanes) { self.init(halves: narrowed(exact)) }

    /// Scales rounded to f16 such that numbers up to `extreme` have codes up to `largestCode`. The nearest is always right except
    /// for subnormal scales, which have few bits: where it would lift the largest code by a quarter or more, which could round to
    /// the next one, the f16 above is taken.
    @inline(__always) init(_ exact: Lanes, extreme: Lanes, largestCode: Float) {
        let nearest = narrowed(exact)
        let isShort = extreme.size .> widened(nearest).size * Lanes(repeating: largestCode + 0.25)
        self.init(halves: select(isShort, nearest &+ LaneBits(repeating: 1), else: nearest))
    }

    /// Those of the rows of a tile from `row` on.
    @inline(__always) init(loading tile: UnsafeRawPointer, block: Int, row: Int) {
        let offset = TileLayout.scaleOffset(row: row, block: block)
        self.init(halves: unpack(tile.loadUnaligned(fromByteOffset: offset, as: LaneHalves.self)))
    }

    /// As stored, in the low parts of the lanes.
    @inline(__always) init(halves: LaneBits) {
        scale = widened(halves)
        let isZero = scale .== Lanes.zero
        // Zeros and padding have one form: no -0.
        self.halves = select(isZero, LaneBits.zero, else: halves)
        inverse = select(isZero, Lanes.zero, else: Lanes(repeating: 1) / scale)
    }

    @inline(__always) func store(in tile: UnsafeMutableRawPointer, block: Int, row: Int) {
        let offset = TileLayout.scaleOffset(row: row, block: block)
        tile.storeBytes(of: pack(halves), toByteOffset: offset, as: LaneHalves.self)
    }

    /// False if the scale is beyond f16.
    @inline(__always) var isFinite: LaneMask { scale.size .< Lanes(repeating: halfOverflow) }

    /// One or the other, lane by lane.
    @inline(__always) init(where mask: LaneMask, _ scale: BlockScale, else other: BlockScale) {
        self.init(halves: select(mask, scale.halves, else: other.halves))
    }
}
