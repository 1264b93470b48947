/// How attention keys and values are stored.
///
/// Each vector, a key or a value of one token, has an exponent: its numbers are the stored ones × 2^exponent. So f16 holds vectors
/// of any size that f32 holds (`formats/rgs.md`, "Why it is so").
public enum CacheElement: Sendable {
    /// IEEE half precision: what models run with.
    case f16
    /// For files of f32 weights, which exist to be compared with a reference. Exponents are 0.
    case f32

    /// Bytes per number.
    public var bytes: Int { self == .f16 ? 2 : 4 }

    /// The exponent of a vector that is stored as f16 and whose largest magnitude is `largest`: 0 if that is 0 or a normal f16;
    /// otherwise the one that brings it to 2^14 or above and below 2^15, but at least -126. Nil if `largest` is not finite.
    public static func exponent(largest: Float) -> Int8? {
        guard largest.isFinite else { return nil }
        // From 65520 on the nearest f16 is infinity.
        if largest == 0 || (largest >= 0x1p-14 && largest < 65520) { return 0 }
        return Int8(truncatingIfNeeded: max(-126, Int(largest.exponent) - 14))
    }
}
