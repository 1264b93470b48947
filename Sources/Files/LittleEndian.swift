// The byte order of the project's file formats (`formats/`).

extension Array where Element == UInt8 {
    /// Appends an integer, little-endian.
    package mutating func appendLittleEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends zeros up to `count` bytes.
    package mutating func padWithZeros(to count: Int) { append(contentsOf: repeatElement(0, count: count - self.count)) }
}

extension RawSpan {
    /// The little-endian integer at `offset`, all of which the caller knows to be there.
    package func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}
