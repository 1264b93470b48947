import ModelFile

/// A model file put together byte by byte from `formats/rgq.md`, with right checksums, whose parts a test can bend.
/// As it comes, it is valid: two plain tensors of four zeros each, and the two keys that metadata must have.
struct HandMadeFile {
    struct Entry {
        var name: [UInt8]
        var type: UInt32 = 0
        var layout: UInt32 = 0
        var dimensionCount: UInt32 = 1
        var dimensions: [UInt32] = [4, 0, 0]
        /// Nil for the right place: a page for each tensor.
        var offset: UInt64?
        var byteCount: UInt64 = 16
        var reserved: UInt64 = 0

        init(_ name: String) { self.name = Array(name.utf8) }
    }

    var entries = [Entry("first"), Entry("second")]
    /// The metadata unpacked.
    var metadata = Self.metadata([("configuration", "{}"), ("tokenizer", "pieces")])
    /// The metadata as stored; nil to pack ``metadata``.
    var block: [UInt8]?
    /// What the header says about the metadata's size; nil for the truth.
    var unpackedBytes: UInt64?
    /// The 4 or 8 bytes of a header field by their offset, to be put in place of the right ones.
    var headerFields: [Int: [UInt8]] = [:]
    /// Bytes to add at the end of the file, or to take away if negative.
    var extraBytes = 0

    /// The file's bytes.
    func bytes() -> [UInt8] {
        let block = block ?? Self.literalBlock(metadata)
        let metadataStart = 128 + 128 * entries.count
        let metadataEnd = metadataStart + block.count
        let first = (metadataEnd + 4095) / 4096 * 4096
        let size = first + 4096 * max(0, entries.count - 1) + 16 + extraBytes

        let content = [UInt8](repeating: 0, count: 16)
        var table: [UInt8] = []
        for (index, entry) in entries.enumerated() {
            table += entry.name + [UInt8](repeating: 0, count: max(0, 72 - entry.name.count))
            for field in [entry.type, entry.layout, entry.dimensionCount] + entry.dimensions { table += little(field) }
            let offset: UInt64 = entry.offset ?? UInt64(first + 4096 * index)
            for field in [offset, entry.byteCount, hash(content), entry.reserved] { table += little(field) }
        }

        var header = Array("RGQ1".utf8) + little(UInt32(1))
        let fields: [UInt64] = [
            UInt64(size), 128, UInt64(table.count), hash(table), UInt64(metadataStart), UInt64(block.count),
            unpackedBytes ?? UInt64(metadata.count), hash(block), UInt64(first), UInt64(size - first),
        ]
        header += fields.flatMap(little)
        header += little(UInt32(entries.count)) + little(UInt32(0)) + [UInt8](repeating: 0, count: 24)
        for (offset, field) in headerFields { header.replaceSubrange(offset..<offset + field.count, with: field) }
        header += little(hash(header))

        let file = header + table + block
        return file + [UInt8](repeating: 0, count: size - file.count)
    }

    /// Metadata unpacked, with values given as text.
    static func metadata(_ entries: [(key: String, value: String)], count: Int? = nil) -> [UInt8] {
        var bytes = little(UInt32(count ?? entries.count))
        for (key, value) in entries {
            bytes += little(UInt32(key.utf8.count)) + Array(key.utf8) + little(UInt64(value.utf8.count)) + Array(value.utf8)
        }
        return bytes
    }

    /// An LZ4 block of literals only.
    static func literalBlock(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 15 else { return [UInt8(bytes.count << 4)] + bytes }
        return [0xF0] + lengthBytes(bytes.count - 15) + bytes
    }

    /// An LZ4 block that unpacks to `count` zeros, in a 255th of that: one literal, a match of all except that one and five more,
    /// five literals.
    static func zerosBlock(_ count: Int) -> [UInt8] {
        [0x1F, 0, 1, 0] + lengthBytes(count - 6 - 19) + [0x50, 0, 0, 0, 0, 0]
    }

    private static func lengthBytes(_ length: Int) -> [UInt8] {
        [UInt8](repeating: 255, count: length / 255) + [UInt8(length % 255)]
    }
}

/// The bytes of an integer, little-endian.
func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

private func hash(_ bytes: [UInt8]) -> UInt64 { Checksum.of(bytes.span.bytes) }
