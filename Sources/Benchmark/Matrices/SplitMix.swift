/// Random numbers that are the same on every machine: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in -1..<1.
    mutating func nextFloat() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) * 0x1p-31 }

    /// A number of magnitude 1/64..<1/32, as IEEE half precision.
    mutating func nextHalf() -> UInt16 {
        let bits = UInt16(truncatingIfNeeded: next())
        return bits & 0x83FF | (15 - 6) << 10
    }

    /// `count` tokens of a vocabulary.
    mutating func tokens(_ count: Int, below vocabularySize: Int) -> [UInt32] {
        (0..<count).map { _ in UInt32(truncatingIfNeeded: Int.random(in: 0..<vocabularySize, using: &self)) }
    }
}
