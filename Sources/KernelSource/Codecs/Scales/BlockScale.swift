import Tiles

/// The scales of one block, one per lane: as stored, in the low parts of the lanes; as numbers; and 1 / scale, which is 0 where the
/// scale is 0, so that all codes of such a block are 0.
typealias BlockScale = (halves: LaneBits, scale: Lanes, inverse: Lanes)

/// Scales rounded to f16.
@inline(__always) func blockScale(_ exact: Lanes) -> BlockScale { blockScale(halves: narrowed(exact)) }

/// Scales rounded to f16 such that numbers up to `extreme` have codes up to `largestCode`. The nearest is always right except for
/// subnormal scales, which have few bits: where it would lift the largest code by a quarter or more, which could round to the next
/// one, the f16 above is taken.
@inline(__always) func blockScale(_ exact: Lanes, extreme: Lanes, largestCode: Float) -> BlockScale {
    let nearest = narrowed(exact)
    let isShort = extreme.size .> widened(nearest).size * Lanes(repeating: largestCode + 0.25)
    return blockScale(halves: select(isShort, nearest &+ LaneBits(repeating: 1), else: nearest))
}

/// Those of the rows of a tile from `row` on.
@inline(__always) func blockScale(loading tile: UnsafeRawPointer, block: Int, row: Int) -> BlockScale {
    let offset = TileLayout.scaleOffset(row: row, block: block)
    return blockScale(halves: unpack(tile.loadUnaligned(fromByteOffset: offset, as: LaneHalves.self)))
}

/// Of what is stored. Zeros and padding have one form: no -0.
@inline(__always) func blockScale(halves: LaneBits) -> BlockScale {
    let scale = widened(halves), isZero = scale .== Lanes.zero
    let inverse = select(isZero, Lanes.zero, else: Lanes(repeating: 1) / scale)
    return (select(isZero, LaneBits.zero, else: halves), scale, inverse)
}

/// One or the other, lane by lane.
@inline(__always) func select(_ mask: LaneMask, _ scale: BlockScale, else other: BlockScale) -> BlockScale {
    blockScale(halves: select(mask, scale.halves, else: other.halves))
}

@inline(__always) func storeScale(_ scale: BlockScale, in tile: UnsafeMutableRawPointer, block: Int, row: Int) {
    tile.storeBytes(of: pack(scale.halves), toByteOffset: TileLayout.scaleOffset(row: row, block: block), as: LaneHalves.self)
}

/// Where scales are normal numbers of f16.
@inline(__always) func areNormal(_ scale: BlockScale) -> LaneMask {
    (scale.scale.size .>= Lanes(repeating: 0x1p-14)) .& (scale.scale.size .< Lanes(repeating: halfOverflow))
}
