/// Keys, or values, in memory: numbers as ``CacheElement`` says, and each vector's exponent. Does not own its memory.
public struct CachedVectors: @unchecked Sendable {
    /// [vectors × dimension]
    public let numbers: UnsafeMutableRawPointer
    /// [vectors]
    public let exponents: UnsafeMutablePointer<Int8>

    /// Vectors in memory that outlives them.
    public init(numbers: UnsafeMutableRawPointer, exponents: UnsafeMutablePointer<Int8>) {
        self.numbers = numbers
        self.exponents = exponents
    }

    /// The vectors from number `first` on, of `bytes` bytes each.
    public func from(_ first: Int, bytes: Int) -> CachedVectors {
        CachedVectors(numbers: numbers + first * bytes, exponents: exponents + first)
    }

    /// Copies vector `index`, of `bytes` bytes, to place `target` of `others`.
    public func copy(_ index: Int, to others: CachedVectors, at target: Int, bytes: Int) {
        (others.numbers + target * bytes).copyMemory(from: numbers + index * bytes, byteCount: bytes)
        others.exponents[target] = exponents[index]
    }
}
