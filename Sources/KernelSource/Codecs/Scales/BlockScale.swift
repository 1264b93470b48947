import Tiles

/// The scales of one block of 8 rows.
struct BlockScale {
    /// As stored.
    private let halves: LaneBits
    let scale: Lanes
    /// 1 / scale; 0 where the scale is 0, so that all codes of such a block are 0.
    let inverse: Lanes

    /// Scales rounded to f16.
    @inline(__always) init(_ exact: Lanes) { self.init(halves: LaneBits(narrowing: exact)) }

    /// Scales rounded to f16 such that numbers up to `extreme` have codes up to `largestCode`. The nearest is always right except
    /// for subnormal scales, which have few bits: where it would lift the largest code by a quarter or more, which could round to
    /// the next one, the f16 above is taken.
    @inline(__always) init(_ exact: Lanes, extreme: Lanes, largestCode: Float) {
        let nearest = LaneBits(narrowing: exact)
        let isShort = extreme.magnitude .> nearest.widened.magnitude * Lanes(repeating: largestCode + 0.25)
        self.init(halves: LaneBits(where: isShort, nearest &+ LaneBits(repeating: 1), else: nearest))
    }

    @inline(__always) init(loading tile: UnsafeRawPointer, block: Int, _ half: HalfTile) {
        self.init(halves: LaneBits(loadingHalves: tile + TileLayout.scaleOffset(row: half.row, block: block)))
    }

    @inline(__always) private init(halves: LaneBits) {
        scale = halves.widened
        let isZero = scale .== Lanes.zero
        // Zeros and padding have one form: no -0.
        self.halves = LaneBits(where: isZero, LaneBits.zero, else: halves)
        inverse = Lanes(where: isZero, Lanes.zero, else: Lanes(repeating: 1) / scale)
    }

    @inline(__always) func store(in tile: UnsafeMutableRawPointer, block: Int, _ half: HalfTile) {
        halves.storeHalves(to: tile + TileLayout.scaleOffset(row: half.row, block: block))
    }

    /// False if the scale is beyond f16.
    @inline(__always) var isFinite: LaneMask { scale.magnitude .< Lanes(repeating: halfOverflow) }

    /// One or the other, lane by lane.
    @inline(__always) init(where mask: LaneMask, _ scale: BlockScale, else other: BlockScale) {
        self.init(halves: LaneBits(where: mask, scale.halves, else: other.halves))
    }
}
