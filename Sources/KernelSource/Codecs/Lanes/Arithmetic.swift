// What codecs do with lanes: single operations that every instruction set rounds alike, and none that multiplies and adds in one
// rounding, so that all sets write the same bytes.
import Tiles

typealias LaneMask = SIMDMask<LaneInts>

/// From here on rounding to half precision, whose largest number is 65,504, gives infinity.
@inline(__always) var halfOverflow: Float { 65_520 }

extension Lanes {
    @inline(__always) var bits: LaneBits { unsafeBitCast(self, to: LaneBits.self) }

    @inline(__always) var size: Lanes { unsafeBitCast(bits & LaneBits(repeating: 0x7FFF_FFFF), to: Lanes.self) }

    /// The larger of two numbers, lane by lane. (The library's `pointwiseMax` is a loop.)
    @inline(__always) func larger(_ other: Lanes) -> Lanes { select(self .< other, other, else: self) }

    /// The smaller of two numbers, lane by lane.
    @inline(__always) func smaller(_ other: Lanes) -> Lanes { select(self .> other, other, else: self) }

    /// Numbers below 2^22 rounded to whole ones, halves to even: added to a number so large, they have no bits for a fraction.
    /// (Before SSE4.1 there is no instruction for it.)
    @inline(__always) var roundedToEven: Lanes { (self + Lanes.shift) - Lanes.shift }

    /// Whole numbers below 2^22 in two's complement, in the low 22 bits; what is above them is of no use.
    @inline(__always) var wholeBits: LaneBits { (self + Lanes.shift).bits }

    @inline(__always) private static var shift: Lanes { Lanes(repeating: 0x1.8p23) }
}
