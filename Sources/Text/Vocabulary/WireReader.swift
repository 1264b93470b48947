import System

/// Reads the fields of a serialized Protocol Buffers message, trusting nothing. Valid as long as the bytes are.
/// Format: https://protobuf.dev/programming-guides/encoding/.
struct WireReader {
    /// A field of a message.
    struct Field {
        let number: Int
        let value: Value
        /// Its bytes, tag included.
        let range: Range<Int>
    }

    enum Value {
        case varint(UInt64)
        case fixed32
        case fixed64
        /// Text, bytes or a message inside.
        case bytes(Range<Int>)
    }

    /// An unsafe pointer, so that no references are counted: there are hundreds of thousands of messages.
    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var offset: Int
    let end: Int

    /// Reads the message in `range`, or all of `bytes`.
    init(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>? = nil) {
        self.bytes = bytes
        offset = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// The number in the four bytes before an offset, which a `fixed32` field has.
    func littleEndian(endingAt end: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[end - 1 - $1]) } }

    /// The next field, or nil at the end. Throws for one that is cut or that no writer makes (groups, which proto2 gave up).
    mutating func next() throws(FileProblem) -> Field? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try varint()
        guard (1..<1 << 29).contains(tag >> 3) else { throw damaged("a field with number \(tag >> 3)") }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1:
            _ = try take(8)
            value = .fixed64
        case 2:
            let length = try varint()
            guard length <= UInt64(end - offset) else {
                throw damaged("a field of \(length) bytes, but only \(end - offset) are left")
            }
            value = .bytes(try take(Int(length)))
        case 5:
            _ = try take(4)
            value = .fixed32
        default: throw damaged("a field of wire type \(tag & 7)")
        }
        return Field(number: Int(tag >> 3), value: value, range: start..<offset)
    }

    @inline(__always)
    private mutating func varint() throws(FileProblem) -> UInt64 {
        // Nearly all have one byte.
        if offset < end, bytes[offset] < 0x80 {
            defer { offset += 1 }
            return UInt64(bytes[offset])
        }
        return try longVarint()
    }

    private mutating func longVarint() throws(FileProblem) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let byte = bytes[try take(1).lowerBound]
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
        }
        throw damaged("a number of more than 10 bytes")
    }

    private mutating func take(_ count: Int) throws(FileProblem) -> Range<Int> {
        guard count <= end - offset else { throw damaged("the end in the middle of a field") }
        defer { offset += count }
        return offset..<offset + count
    }

    private func damaged(_ what: String) -> FileProblem {
        FileProblem.tokenizer("is not a SentencePiece model or is damaged: \(what), at byte \(offset)")
    }
}
