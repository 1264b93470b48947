// The C library's exp and log have other last bits on other machines, as do products and sums in one rounding, which Swift makes only
// where it is told to. Both of these are right to 1e-14 of their result.

/// e^x for x of 0 or less, or NaN; below -700, and for NaN, 1e-304 or less in place of 0.
func exponential(_ x: SIMD8<Double>) -> SIMD8<Double> {
    // x = n·ln 2 + r with n whole and |r| ≤ ln 2 / 2, so e^x = 2^n·e^r. Adding 1.5·2^52 rounds to a whole number, in the lowest bits.
    let x = x.replacing(with: -700, where: .!(x .>= -700))
    let rounded = x * 0x1.71547652b82fep0 + 0x1.8p52
    let n = rounded - 0x1.8p52
    // ln 2 in two parts, the first with so few bits that n times it is exact.
    let r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33
    // The series of e^r, whose next term is below 1e-14.
    var sum = SIMD8<Double>(repeating: 1.0 / 39_916_800)
    sum = sum * r + 1.0 / 3_628_800
    sum = sum * r + 1.0 / 362_880
    sum = sum * r + 1.0 / 40_320
    sum = sum * r + 1.0 / 5_040
    sum = sum * r + 1.0 / 720
    sum = sum * r + 1.0 / 120
    sum = sum * r + 1.0 / 24
    sum = sum * r + 1.0 / 6
    sum = sum * r + 0.5
    sum = sum * r + 1
    sum = sum * r + 1
    let exponent = (unsafeBitCast(rounded, to: SIMD8<UInt64>.self) &+ 1023) &<< 52
    return sum * unsafeBitCast(exponent, to: SIMD8<Double>.self)
}

/// ln x for a finite x of 1 or more.
func naturalLogarithm(_ x: Double) -> Double {
    // x = 2^e·m with m near 1, and ln m = 2·artanh s with s = (m - 1) / (m + 1), whose series ends soon: s² < 0.03.
    let isLarge = x.significand > 0x1.6a09e667f3bcdp0
    let m = isLarge ? x.significand / 2 : x.significand, e = Double(x.exponent) + (isLarge ? 1 : 0)
    let s = (m - 1) / (m + 1), square = s * s
    var series = 0.0
    for power in stride(from: 21, through: 1, by: -2) { series = series * square + 1 / Double(power) }
    return e * 0x1.62e42fefa39efp-1 + 2 * s * series
}
