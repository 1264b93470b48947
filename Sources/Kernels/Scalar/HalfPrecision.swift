/// Conversion between f32 and f16 by integer arithmetic: `Float16` is a library call in the baseline.
enum HalfPrecision {
    /// The f32 with the value of an f16, given as its bits.
    static func widen(_ half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let magnitude = UInt32(half & 0x7FFF)
        // Exponent bits all set: infinity and NaN.
        if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
        // Exponent and fraction moved to those of an f32 are the value divided by 2^112, the difference of the exponents' biases.
        // The product is exact, for subnormal numbers too.
        let value = Float(bitPattern: magnitude << 13) * 0x1p112
        return Float(bitPattern: value.bitPattern | sign)
    }

    /// The bits of the f16 nearest to an f32, ties to even; infinity from 65520 on.
    static func narrow(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.magnitude.bitPattern
        if value.isNaN { return sign | 0x7E00 }
        if value.magnitude >= 65520 { return sign | 0x7C00 }
        if value.magnitude < 0x1p-14 {
            // Subnormal: a multiple of 2^-24, which is the last place of numbers from 0.5 on, so this sum rounds to it.
            let sum = value.magnitude + 0.5
            return sign | UInt16(sum.bitPattern - Float(0.5).bitPattern)
        }
        // Adds half of the last place kept, less one if the last bit kept is even; then the 13 surplus bits go. The exponents'
        // biases differ by 112.
        let rounded = magnitude + 0xFFF + ((magnitude >> 13) & 1)
        return sign | UInt16((rounded - (112 << 23)) >> 13)
    }
}
