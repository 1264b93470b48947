import CSIMD
import Tiles

// Eight rows of a tile at once, one per lane, with what every instruction set has: the two or four registers that a vector takes
// leave enough of the others for sums and limits (sixteen lanes spill, and halve the speed of the search for scales).

/// A number of each row.
typealias Lanes = SIMD8<Float>
typealias LaneBits = SIMD8<UInt32>
typealias LaneMask = SIMDMask<SIMD8<Int32>>

/// Which rows of a tile the lanes are.
enum HalfTile: Int, CaseIterable {
    case upper = 0
    case lower = 1

    /// The first of these rows.
    @inline(__always) var row: Int { rawValue * Lanes.scalarCount }
}

/// The weights of half the rows of a panel, from some input on.
struct HalfPanel {
    private let values: UnsafeMutablePointer<Float>

    /// From input `column` of a panel on.
    @inline(__always) init(_ panel: Panel, _ half: HalfTile, column: Int) {
        values = panel.values + column * Tile.rows + half.row
    }

    /// From weights [inputs, ``Tile/rows``] on.
    @inline(__always) init(values: UnsafeMutablePointer<Float>) { self.values = values }

    /// The weights of an input.
    @inline(__always) subscript(column: Int) -> Lanes {
        get { UnsafeRawPointer(values + column * Tile.rows).loadUnaligned(as: Lanes.self) }
        nonmutating set { UnsafeMutableRawPointer(values + column * Tile.rows).storeBytes(of: newValue, as: Lanes.self) }
    }

    /// The same rows, `columns` inputs further on.
    @inline(__always) func advanced(by columns: Int) -> HalfPanel { HalfPanel(values: values + columns * Tile.rows) }
}

extension SIMD8<Float> {
    @inline(__always) var bits: LaneBits { unsafeBitCast(self, to: LaneBits.self) }
    @inline(__always) init(bits: LaneBits) { self = unsafeBitCast(bits, to: Lanes.self) }

    /// One or the other, lane by lane. (The library's `replacing(with:where:)` is a loop with branches.)
    @inline(__always) init(where mask: LaneMask, _ numbers: Lanes, else others: Lanes) {
        self = csimd_select_f32_x8(unsafeBitCast(mask, to: SIMD8<Int32>.self), numbers, others)
    }

    @inline(__always) var magnitude: Lanes { Lanes(bits: bits & LaneBits(repeating: 0x7FFF_FFFF)) }

    /// The larger of two numbers, lane by lane. (The library's `pointwiseMax` is a loop.)
    @inline(__always) func larger(_ other: Lanes) -> Lanes { Lanes(where: self .< other, other, else: self) }

    /// The smaller of two numbers, lane by lane.
    @inline(__always) func smaller(_ other: Lanes) -> Lanes { Lanes(where: self .> other, other, else: self) }

    /// Numbers below 2^22 rounded to whole ones, halves to even: added to a number so large, they have no bits for a fraction.
    /// (Before SSE4.1 there is no instruction for it.)
    @inline(__always) var roundedToEven: Lanes { (self + Lanes.shift) - Lanes.shift }

    /// Whole numbers below 2^22 in two's complement, in the low 22 bits; what is above them is of no use.
    @inline(__always) var wholeBits: LaneBits { (self + Lanes.shift).bits }

    @inline(__always) private static var shift: Lanes { Lanes(repeating: 0x1.8p23) }
}

extension SIMD8<UInt32> {
    /// One or the other, lane by lane.
    @inline(__always) init(where mask: LaneMask, _ numbers: LaneBits, else others: LaneBits) {
        self = csimd_select_u32_x8(unsafeBitCast(mask, to: SIMD8<Int32>.self), numbers, others)
    }
}
