/// Writes a serialized Protocol Buffers message, field by field; ``WireReader`` names the format.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    /// Appends fields that are serialized already.
    mutating func append(_ fields: some Sequence<UInt8>) { bytes += fields }

    /// Appends a field with a number.
    mutating func append(_ value: UInt64, number: Int) {
        append(varint: UInt64(number) << 3)
        append(varint: value)
    }

    /// Appends a field with a message inside.
    mutating func append(_ message: WireWriter, number: Int) {
        append(varint: UInt64(number) << 3 | 2)
        append(varint: UInt64(message.bytes.count))
        bytes += message.bytes
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
