import ModelFile

/// The bytes of a session file whose fields a test can bend, with checksums made right again afterwards.
struct BentSession {
    var header: [UInt8]
    var content: [UInt8]
    /// Keep what the header says of the size.
    var keepsSize = false

    init(_ bytes: [UInt8]) {
        header = Array(bytes[..<128])
        content = Array(bytes[128...])
    }

    mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        let bytes = withUnsafeBytes(of: value.littleEndian) { Array($0) }
        header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    func bytes() -> [UInt8] {
        var bent = self
        if !keepsSize { bent.set(UInt64(128 + content.count), at: 8) }
        bent.set(Checksum.of(content.span.bytes), at: 16)
        bent.set(Checksum.of(bent.header.span.bytes.extracting(..<120)), at: 120)
        return bent.header + content
    }
}
