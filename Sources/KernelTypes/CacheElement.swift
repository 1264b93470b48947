/// How attention keys and values are stored.
///
/// Each vector, a key or a value of one token, has an exponent: it is the numbers that are stored × 2^exponent. So f16 holds
/// vectors of any size that f32 has (`formats/rgs.md`, "Why it is so").
public enum CacheElement: Sendable {
    /// IEEE half precision: what models run with.
    case f16
    /// For files of f32 weights, which exist to be compared with a reference. Exponents are 0.
    case f32

    /// Bytes a number.
    public var bytes: Int { self == .f16 ? 2 : 4 }

    /// The exponent of a vector that is stored as f16 and whose largest magnitude is `largest`: 0 if that is a normal f16, or 0;
    /// otherwise the one that brings it to 2^14 or above and below 2^15, or -126 if that is lower. Nil if it is not finite.
    public static func exponent(largest: Float) -> Int8? {
        guard largest.isFinite else { return nil }
        // From 65520 on the nearest f16 is infinity.
        if largest == 0 || (largest >= 0x1p-14 && largest < 65520) { return 0 }
        return Int8(truncatingIfNeeded: max(-126, Int(largest.exponent) - 14))
    }
}
