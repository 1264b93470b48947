import Testing

/// A file whose checksums are right and whose contents break one rule, and a part of the sentence that must say so.
struct HostileCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: String
    let bytes: [UInt8]

    private init(_ name: String, _ expected: String, bend: (inout HandMadeFile) -> Void) {
        var file = HandMadeFile()
        bend(&file)
        testDescription = name
        self.expected = expected
        bytes = file.bytes()
    }

    static let all = header + entries + metadata + longTexts

    private static let header = [
        HostileCase("no tensors", "counts 0 tensors") { $0.headerFields[88] = little(UInt32(0)) },
        HostileCase("2^32 - 1 tensors", "counts 4294967295 tensors") { $0.headerFields[88] = little(UInt32.max) },
        HostileCase("more tensors than the table's bytes", "tensor table in the wrong place") {
            $0.headerFields[88] = little(UInt32(3))
        },
        HostileCase("65,536 tensors in a small file", "tensor table in the wrong place") {
            $0.headerFields[88] = little(UInt32(65_536))
            $0.headerFields[24] = little(UInt64(65_536 * 128))
        },
        HostileCase("a table elsewhere", "tensor table in the wrong place") { $0.headerFields[16] = little(UInt64(256)) },
        HostileCase("a table of 2^63 bytes", "tensor table in the wrong place") { $0.headerFields[24] = little(UInt64(1) << 63) },
        HostileCase("metadata elsewhere", "metadata in the wrong place") { $0.headerFields[40] = little(UInt64.max) },
        HostileCase("metadata longer than the file", "metadata in the wrong place") {
            $0.headerFields[48] = little(UInt64(1) << 20)
        },
        HostileCase("metadata larger than any that is packed", "67372053 bytes of packed metadata, more than the 67372052") {
            $0.headerFields[48] = little(UInt64(67_372_053))
        },
        HostileCase("metadata of 2^36 bytes", "68719476736 bytes of packed metadata") {
            $0.headerFields[48] = little(UInt64(1) << 36)
        },
        HostileCase("metadata of 2^63 bytes", "bytes of packed metadata") { $0.headerFields[48] = little(UInt64(1) << 63) },
        HostileCase("metadata of 2^64 - 1 bytes", "bytes of packed metadata") { $0.headerFields[48] = little(UInt64.max) },
        HostileCase("metadata unpacking to 64 MiB and a byte", "bytes of metadata, more than") {
            $0.unpackedBytes = 64 << 20 + 1
        },
        HostileCase("metadata unpacking to 2^63 bytes", "bytes of metadata, more than") { $0.unpackedBytes = 1 << 63 },
        HostileCase("first tensor elsewhere", "tensors in the wrong place") { $0.headerFields[72] = little(UInt64(8192)) },
        HostileCase("first tensor at 2^64 - 4096", "tensors in the wrong place") {
            $0.headerFields[72] = little(UInt64.max - 4095)
        },
        HostileCase("tensors of 2^64 - 1 bytes", "tensors in the wrong place") { $0.headerFields[80] = little(UInt64.max) },
        HostileCase("flags", "reserved bytes") { $0.headerFields[92] = little(UInt32(1)) },
        HostileCase("reserved bytes of the header", "reserved bytes") { $0.headerFields[112] = little(UInt64(1) << 56) },
    ]

    private static let entries = [
        HostileCase("an empty name", "number 1 of the table has a name that is not printable ASCII") { $0.entries[0].name = [] },
        HostileCase("a name without a zero after it", "number 2 of the table has a name") {
            $0.entries[1].name = [UInt8](repeating: 0x61, count: 72)
        },
        HostileCase("a name that is not UTF-8", "not printable ASCII") { $0.entries[0].name = [0x61, 0xFF, 0xC0] },
        HostileCase("a name that is UTF-8 but not ASCII", "not printable ASCII") {
            $0.entries[0].name = Array("gewicht.größe".utf8)
        },
        HostileCase("a name with an escape sequence", "not printable ASCII") { $0.entries[0].name = Array("\u{1B}[2J".utf8) },
        HostileCase("something after the name's zero", "with zeros after it") { $0.entries[0].name = Array("first\0x".utf8) },
        HostileCase("a name twice", "two tensors have the name first") { $0.entries[1].name = Array("first".utf8) },
        HostileCase("an unknown type", "tensor second has an unknown weight type, 4") { $0.entries[1].type = 4 },
        HostileCase("type 2^32 - 1", "unknown weight type, 4294967295") { $0.entries[0].type = .max },
        HostileCase("an unknown layout", "unknown layout, 2") { $0.entries[0].layout = 2 },
        HostileCase("plain q4", "only f32 can be plain") { $0.entries[0].type = 3 },
        HostileCase("no dimensions", "has 0 dimensions") { $0.entries[0].dimensionCount = 0 },
        HostileCase("four dimensions", "has 4 dimensions") { $0.entries[0].dimensionCount = 4 },
        HostileCase("2^32 - 1 dimensions", "has 4294967295 dimensions") { $0.entries[0].dimensionCount = .max },
        HostileCase("a dimension that isn't counted", "more dimensions than it counts") { $0.entries[0].dimensions = [4, 0, 1] },
        HostileCase("a dimension of 0", "has dimensions [0]") { $0.entries[0].dimensions = [0, 0, 0] },
        HostileCase("a dimension of 2^32 - 1", "has dimensions [4294967295]") { $0.entries[0].dimensions = [.max, 0, 0] },
        HostileCase("dimensions whose product is 2^72", "has dimensions [16777216, 16777216, 16777216]") {
            $0.entries[0].dimensionCount = 3
            $0.entries[0].dimensions = [1 << 24, 1 << 24, 1 << 24]
        },
        HostileCase("dimensions whose bytes are 16, modulo 2^64", "has dimensions [5135573, 2169514, 2483474]") {
            $0.entries[0].dimensionCount = 3
            $0.entries[0].dimensions = [5_135_573, 2_169_514, 2_483_474]
        },
        HostileCase("a tiled vector", "which a tiled tensor can't have") { $0.entries[0].layout = 1 },
        HostileCase("a stack of 4097", "which a tiled tensor can't have") {
            $0.entries[0].layout = 1
            $0.entries[0].dimensionCount = 3
            $0.entries[0].dimensions = [4097, 1, 1]
        },
        HostileCase("a largest stack", "but its shape asks for 4611686018427387904") {
            $0.entries[0].layout = 1
            $0.entries[0].dimensionCount = 3
            $0.entries[0].dimensions = [4096, 1 << 24, 1 << 24]
        },
        HostileCase("a largest stack with its true size", "ends after the file") {
            $0.entries[0].layout = 1
            $0.entries[0].dimensionCount = 3
            $0.entries[0].dimensions = [4096, 1 << 24, 1 << 24]
            $0.entries[0].byteCount = 1 << 62
        },
        HostileCase("bytes that the shape doesn't ask for", "has 32 bytes, but its shape asks for 16") {
            $0.entries[0].byteCount = 32
        },
        HostileCase("2^64 - 1 bytes", "has 18446744073709551615 bytes") { $0.entries[1].byteCount = .max },
        HostileCase("two tensors in one place", "tensor second starts at byte 4096, but its place is 8192") {
            $0.entries[1].offset = 4096
        },
        HostileCase("a tensor in the header", "starts at byte 0") { $0.entries[0].offset = 0 },
        HostileCase("a tensor off its page", "starts at byte 8208") { $0.entries[1].offset = 8208 },
        HostileCase("a tensor at 2^63", "starts at byte 9223372036854775808") { $0.entries[1].offset = 1 << 63 },
        HostileCase("a tensor at 2^64 - 4096", "starts at byte 18446744073709547520") {
            $0.entries[1].offset = .max - 4095
        },
        HostileCase("a last tensor that ends after the file", "tensor second ends after the file") { $0.extraBytes = -1 },
        HostileCase("a last tensor that starts after the file", "tensor second ends after the file") { $0.extraBytes = -4096 },
        HostileCase("bytes after the last tensor", "8 bytes after the last tensor") { $0.extraBytes = 8 },
        HostileCase("reserved bytes of an entry", "tensor first has something in its reserved bytes") {
            $0.entries[0].reserved = 1
        },
    ]

    private static let metadata = [
        HostileCase("an empty block", "doesn't unpack") { $0.block = [] },
        HostileCase("no LZ4 block", "doesn't unpack") { $0.block = [UInt8](repeating: 0xFF, count: 100) },
        HostileCase("a match before the start", "doesn't unpack") { $0.block = [0x1F, 0, 9, 0, 255, 255, 0, 0x50, 0, 0, 0, 0, 0] },
        HostileCase("a cut block", "doesn't unpack") { $0.block = HandMadeFile.literalBlock($0.metadata).dropLast() },
        HostileCase("less than the header says", "doesn't unpack") { $0.unpackedBytes = UInt64($0.metadata.count + 1) },
        HostileCase("more than the header says", "doesn't unpack") { $0.unpackedBytes = UInt64($0.metadata.count - 1) },
        HostileCase("nothing, says the header", "doesn't unpack") { $0.unpackedBytes = 0 },
        HostileCase("a bomb that says it is small", "doesn't unpack") {
            $0.block = HandMadeFile.zerosBlock(1 << 30)
            $0.unpackedBytes = 1000
        },
        HostileCase("64 MiB of zeros", "67108860 bytes after its last metadata entry") {
            $0.block = HandMadeFile.zerosBlock(64 << 20)
            $0.unpackedBytes = 64 << 20
        },
        HostileCase("no room for the count", "too short for a count") { $0.metadata = [2, 0, 0] },
        HostileCase("fewer entries than counted", "ends in entry 3 of 3") {
            $0.metadata = HandMadeFile.metadata([("configuration", "{}"), ("tokenizer", "pieces")], count: 3)
        },
        HostileCase("2^32 - 1 entries", "has 4294967295 entries in its metadata, more than the 1024 allowed") {
            $0.metadata = HandMadeFile.metadata([("configuration", "{}"), ("tokenizer", "pieces")], count: Int(UInt32.max))
        },
        HostileCase("1025 entries", "has 1025 entries") {
            $0.metadata = HandMadeFile.metadata((0..<1025).map { ("key\($0)", "") })
        },
        HostileCase("more entries than counted", "after its last metadata entry") {
            $0.metadata = HandMadeFile.metadata([("configuration", "{}"), ("tokenizer", "pieces"), ("x", "y")], count: 2)
        },
        HostileCase("a key of 2^32 - 1 bytes", "ends in entry 1 of 1") {
            $0.metadata = little(UInt32(1)) + little(UInt32.max) + [0x61]
        },
        HostileCase("a value of 2^64 - 1 bytes", "ends in entry 1 of 1") {
            $0.metadata = little(UInt32(1)) + little(UInt32(1)) + [0x61] + little(UInt64.max) + [0, 0]
        },
        HostileCase("an empty key", "key that is not printable ASCII") { $0.metadata = HandMadeFile.metadata([("", "x")]) },
        HostileCase("a key with a line break", "key that is not printable ASCII") {
            $0.metadata = HandMadeFile.metadata([("a\nb", "x")])
        },
        HostileCase("a known key twice", "metadata key twice") {
            $0.metadata = HandMadeFile.metadata([("configuration", "{}"), ("tokenizer", "pieces"), ("tokenizer", "others")])
        },
        HostileCase("an unknown key twice", "metadata key twice") {
            $0.metadata = HandMadeFile.metadata([("configuration", "{}"), ("x", ""), ("tokenizer", "pieces"), ("x", "")])
        },
        HostileCase("no configuration", "has no configuration") { $0.metadata = HandMadeFile.metadata([("tokenizer", "pieces")]) },
        HostileCase("no tokenizer", "has no tokenizer") { $0.metadata = HandMadeFile.metadata([("configuration", "{}")]) },
        HostileCase("no entries", "has no configuration") { $0.metadata = HandMadeFile.metadata([]) },
        HostileCase("a template that is not UTF-8", "chat_template that is not UTF-8") {
            $0.metadata =
                little(UInt32(3)) + HandMadeFile.metadata([("configuration", "{}"), ("tokenizer", "pieces")]).dropFirst(4)
                + little(UInt32(13)) + Array("chat_template".utf8) + little(UInt64(2)) + [0xC3, 0x28]
        },
    ]

    private static let longTexts = ["configuration": 1 << 16, "chat_template": 1 << 20, "provenance": 1 << 20].map { key, limit in
        HostileCase("a \(key) of a byte too many", "has a \(key) of \(limit + 1) bytes, more than the \(limit) allowed") { file in
            let short = ["configuration", "tokenizer", "chat_template", "provenance"].filter { $0 != key }
            let long = String(repeating: " ", count: limit + 1)
            file.metadata = HandMadeFile.metadata([(key: key, value: long)] + short.map { (key: $0, value: "") })
        }
    }
}
