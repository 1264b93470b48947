// e^x and what is made of it, to about an ulp.
//
// x = n·ln 2 + r with n whole and |r| ≤ ln 2 / 2, so e^x = 2^n·e^r, and e^r - 1 = r + r²·P(r). P is a minimax polynomial of degree
// 5, fitted for the relative error of e^r - 1 with coefficients rounded to f32: 4.3e-10, far below the rounding of f32.
import CSIMD

/// e^x as 2^n·(1 + fraction), which loses no digits where e^x - 1 is wanted.
private struct Exponential {
    /// 2^23·1.5 + n: n is in the last bits.
    let shifted: Floats
    /// e^r - 1
    let fraction: Floats

    @inline(__always) init(_ x: Floats) {
        // Adding 2^23·1.5 rounds to a whole number.
        let magic = broadcast(0x1.8p23)
        shifted = multiplyAdd(magic, x, broadcast(1.442_695_04))
        let n = shifted - magic
        // ln 2 in two parts: n times the first is exact.
        let r = multiplyAdd(multiplyAdd(x, n, broadcast(-0x1.63p-1)), n, broadcast(2.121_944_4e-4))
        var p = multiplyAdd(broadcast(0x1.6d3a48p-10), r, broadcast(0x1.9e7342p-13))
        p = multiplyAdd(broadcast(0x1.1112d8p-7), p, r)
        p = multiplyAdd(broadcast(0x1.5554f8p-5), p, r)
        p = multiplyAdd(broadcast(0x1.555554p-3), p, r)
        p = multiplyAdd(broadcast(0.5), p, r)
        fraction = multiplyAdd(r, p, r * r)
    }

    /// n in the place of an exponent.
    @inline(__always) var exponent: Bits { bits(shifted) &<< Bits(repeating: 23) }

    /// 2^n, for n in -126…127.
    @inline(__always) var power: Floats { floats(exponent &+ Bits(repeating: 0x3F80_0000)) }
}

/// e^x. Infinity from 88.73 on, 0 below -87.33, where f32 has no normal numbers left.
@inline(__always) func exponential(_ x: Floats) -> Floats {
    let parts = Exponential(x)
    let value = floats(bits(broadcast(1) + parts.fraction) &+ parts.exponent)
    let bounded = csimd_where_less_f32_x16(x, broadcast(-87.3365), broadcast(0), value)
    return csimd_where_less_f32_x16(broadcast(88.7228), x, broadcast(.infinity), bounded)
}

/// 1 / (1 + e^-x)
@inline(__always) func sigmoid(_ x: Floats) -> Floats { broadcast(1) / (broadcast(1) + exponential(broadcast(0) - x)) }

/// e^x and 1 - e^x for x ≤ 0, both with all their digits. Below -87 as at -87.
@inline(__always) func decayAndRest(_ x: Floats) -> (decay: Floats, rest: Floats) {
    let parts = Exponential(larger(x, broadcast(-87)))
    let power = parts.power
    let decay = multiplyAdd(power, power, parts.fraction)
    return (decay, multiplyAdd(broadcast(1) - power, power, broadcast(0) - parts.fraction))
}

/// The hyperbolic tangent: with e = e^(-2|x|), (1 - e) / (1 + e), and the sign of x.
@inline(__always) func tanh(_ x: Floats) -> Floats {
    let (decay, rest) = decayAndRest(magnitude(x) * broadcast(-2))
    let sign = bits(x) & Bits(repeating: 0x8000_0000)
    return floats(bits(rest / (broadcast(1) + decay)) | sign)
}
