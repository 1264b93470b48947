// IEEE half precision without Float16, whose conversion is a library call per number below AVX2's level. Halves are kept in the low
// parts of 32-bit lanes, where masks of comparisons fit, and are packed when they are stored.

/// From here on rounding to half precision, whose largest number is 65,504, gives infinity.
let halfOverflow: Float = 65_520

extension SIMD8<UInt32> {
    /// The nearest half-precision numbers, halves to even; infinity from ``halfOverflow`` on. Not for NaN.
    @inline(__always) init(narrowing numbers: Lanes) {
        let sign = (numbers.bits &>> LaneBits(repeating: 16)) & LaneBits(repeating: 0x8000)
        let magnitude = numbers.bits & LaneBits(repeating: 0x7FFF_FFFF)
        // Cut 13 bits of fraction, rounded, and change the exponent's bias from 127 to 15.
        let odd = (magnitude &>> LaneBits(repeating: 13)) & LaneBits(repeating: 1)
        let normal = (magnitude &+ odd &+ LaneBits(repeating: 0xFFF &- 112 << 23)) &>> LaneBits(repeating: 13)
        // Below 2^-14 a half is a multiple of 2^-24, which is the unit of the last place of 0.5 in f32.
        let half = Lanes(repeating: 0.5)
        let subnormal = (Lanes(bits: magnitude) + half).bits &- half.bits
        let signed = SIMD8<Int32>(truncatingIfNeeded: magnitude)
        let finite = LaneBits(where: signed .< SIMD8<Int32>(repeating: 0x3880_0000), subnormal, else: normal)
        let isInfinite = signed .>= SIMD8<Int32>(repeating: 0x477F_F000)
        self = LaneBits(where: isInfinite, LaneBits(repeating: 0x7C00), else: finite) | sign
    }

    /// Half-precision numbers as f32, exactly; infinity becomes 65,536.
    @inline(__always) var widened: Lanes {
        // Exponent and fraction, moved to those of an f32, are the magnitude divided by 2^112, the difference of the biases.
        let moved = (self & LaneBits(repeating: 0x7FFF)) &<< LaneBits(repeating: 13)
        let magnitude = Lanes(bits: moved) * Lanes(repeating: 0x1p112)
        return Lanes(bits: magnitude.bits | (self & LaneBits(repeating: 0x8000)) &<< LaneBits(repeating: 16))
    }

    /// Reads 8 halves.
    @inline(__always) init(loadingHalves bytes: UnsafeRawPointer) {
        self.init(truncatingIfNeeded: bytes.loadUnaligned(as: SIMD8<UInt16>.self))
    }

    /// Writes 8 halves.
    @inline(__always) func storeHalves(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: SIMD8<UInt16>(truncatingIfNeeded: self), as: SIMD8<UInt16>.self)
    }
}
