import CSIMD

// Numbers of IEEE half precision, in the low parts of 32-bit lanes, where masks of comparisons fit; packed when they are stored.

/// From here on rounding to half precision, whose largest number is 65,504, gives infinity.
let halfOverflow: Float = 65_520

extension SIMD8<UInt32> {
    /// The nearest half-precision numbers, halves to even; infinity from ``halfOverflow`` on.
    @inline(__always) init(narrowing numbers: Lanes) { self = csimd_f32_to_f16_x8(numbers) }

    /// Half-precision numbers as f32, exactly; infinity becomes 65,536, which no finite one does.
    @inline(__always) var widened: Lanes { csimd_f16_to_f32_finite_x8(self) }

    /// Reads 8 halves.
    @inline(__always) init(loadingHalves bytes: UnsafeRawPointer) {
        self.init(truncatingIfNeeded: bytes.loadUnaligned(as: SIMD8<UInt16>.self))
    }

    /// Writes 8 halves.
    @inline(__always) func storeHalves(to bytes: UnsafeMutableRawPointer) {
        bytes.storeBytes(of: SIMD8<UInt16>(truncatingIfNeeded: self), as: SIMD8<UInt16>.self)
    }
}
