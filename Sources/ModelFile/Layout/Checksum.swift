import CXXHash

/// The 64-bit XXH3 hash with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md) of bytes that come in parts.
public struct Checksum: ~Copyable {
    private let state: OpaquePointer

    /// Nil if there is no memory for the state, 600 bytes.
    public init?() {
        // The library aligns its state to 64 bytes, which its vector code relies on.
        guard let state = XXH3_createState() else { return nil }
        self.state = state
        XXH3_64bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    /// The hash of contiguous bytes.
    public static func of(_ bytes: RawSpan) -> UInt64 { bytes.withUnsafeBytes { XXH3_64bits($0.baseAddress, $0.count) } }

    /// Starts again.
    public mutating func reset() { XXH3_64bits_reset(state) }

    /// Adds the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { XXH3_64bits_update(state, bytes.baseAddress, bytes.count) }

    /// The hash of all bytes since the start.
    public var value: UInt64 { XXH3_64bits_digest(state) }
}
