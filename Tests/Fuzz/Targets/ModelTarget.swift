@testable import Conversion
import Files
import Griffin
import ModelFile
import RGEdge

extension FuzzTarget {
    /// A model file (`formats/rgq.md`): its table, its metadata, and all that can be done with a model. Checksums, sizes and the
    /// LZ4 block are put right, so that mutations get behind them (``ModelInput``).
    static let model = FuzzTarget(name: "rgq", largestInput: 1 << 15) {
        [
            ModelInput.seed(tokenizer: [], template: Array(SmallModel.template.utf8)),
            ModelInput.seed(tokenizer: [], template: []),
            ModelInput.seed(tokenizer: SmallModel.tokenizer, template: []),
        ]
    } run: { bytes in
        guard let path = ModelInput(bytes)?.write(to: "model.rgq") else { return false }
        if let file = try? ModelFile(path: path) {
            var end = 0
            for tensor in file.tensors {
                promise(tensor.offset >= end, "tensors are in the order of their bytes")
                end = tensor.offset + tensor.byteCount
            }
            promise(end <= file.byteCount, "tensors lie in the file")
            try? file.verifyAll()
        }
        guard let model = try? Model(path: path, options: Model.Options(threads: 1)) else { return false }
        guard model.sessionBytes < 64 << 20, model.parameterCount < 2_000_000 else { return true }
        guard let session = try? model.makeSession() else { return true }
        try? session.feed([model.configuration.bos])
        exercise(session)
        _ = try? VerifiedModel(path: path)
        return true
    }
}

/// A model file that an input stands for: a byte of options, then in sections the tensor table, configuration, tokenizer (the small
/// model's if it is empty), chat template (none if it is empty), provenance, and what the tensors are filled with.
struct ModelInput {
    /// Bits of the first byte: the configuration is the whole metadata unpacked; or as stored, after its size unpacked (u32); the
    /// tensors lie where the table says; their checksums are the table's. The two highest are the version, less 1.
    private static let hasMetadata: UInt8 = 1, hasBlock: UInt8 = 2, hasPlaces: UInt8 = 4, hasChecksums: UInt8 = 8
    private static let entryBytes = 128, pageBytes = 4096
    /// Bytes of the largest file that is tried, and those of a tensor that are filled.
    private static let largestFile = 64 << 20, largestFill = 1 << 18

    private let version: UInt32
    private var table: [UInt8]
    private let block: [UInt8]
    private let unpackedBytes: Int
    private var tensors: [(offset: Int, bytes: [UInt8])] = []
    private let first: Int
    private var fileBytes = 0

    init?(_ bytes: [UInt8]) {
        guard let options = bytes.first else { return nil }
        version = 1 + UInt32(options >> 6)
        let sections = Sections.split(bytes[1...], 6)
        table = Array(sections[0].prefix(sections[0].count / Self.entryBytes * Self.entryBytes))
        var metadata = sections[1]
        if options & Self.hasBlock != 0, metadata.count >= 4 {
            unpackedBytes = metadata.prefix(3).reversed().reduce(0) { $0 << 8 | Int($1) }
            block = Array(metadata.dropFirst(4))
        } else {
            if options & Self.hasMetadata == 0 { metadata = Self.metadata(sections)[...] }
            unpackedBytes = metadata.count
            block = pack(Array(metadata))
        }
        let tableEnd = Self.entryBytes + table.count
        first = Self.pageStart(tableEnd + block.count)
        fileBytes = first
        var next = first
        for entry in stride(from: 0, to: table.count, by: Self.entryBytes) {
            if options & Self.hasPlaces == 0 { table.put(UInt64(next), at: entry + 96) }
            let size = Int(truncatingIfNeeded: table.span.bytes.littleEndian(at: entry + 104, as: UInt64.self) & 0xFFFF_FFFF)
            guard next + size <= Self.largestFile else { return nil }
            let fill = size <= Self.largestFill ? sections[5].repeated(to: size) : []
            if options & Self.hasChecksums == 0 { table.put(Checksum.of(fill.span.bytes), at: entry + 112) }
            tensors.append((next, fill))
            fileBytes = next + size
            next = Self.pageStart(fileBytes)
        }
    }

    private static func pageStart(_ offset: Int) -> Int { (offset + pageBytes - 1) & ~(pageBytes - 1) }

    private static func metadata(_ sections: [ArraySlice<UInt8>]) -> [UInt8] {
        let tokenizer = sections[2].isEmpty ? SmallModel.tokenizer[...] : sections[2]
        var entries: [(key: String, value: ArraySlice<UInt8>)] = [("configuration", sections[1]), ("tokenizer", tokenizer)]
        if !sections[3].isEmpty { entries.append(("chat_template", sections[3])) }
        if !sections[4].isEmpty { entries.append(("provenance", sections[4])) }
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt32(entries.count))
        for (key, value) in entries {
            bytes.appendLittleEndian(UInt32(key.utf8.count))
            bytes += key.utf8
            bytes.appendLittleEndian(UInt64(value.count))
            bytes += value
        }
        return bytes
    }

    /// Writes the file and returns its path.
    func write(to name: String) -> String {
        var header = Array("RGQ1".utf8)
        header.appendLittleEndian(version)
        let tableEnd = Self.entryBytes + table.count
        let fields = [
            UInt64(fileBytes), UInt64(Self.entryBytes), UInt64(table.count), Checksum.of(table.span.bytes), UInt64(tableEnd),
            UInt64(block.count), UInt64(unpackedBytes), Checksum.of(block.span.bytes), UInt64(first), UInt64(fileBytes - first),
        ]
        for field in fields { header.appendLittleEndian(field) }
        header.appendLittleEndian(UInt32(table.count / Self.entryBytes))
        header.padWithZeros(to: 120)
        header.appendLittleEndian(Checksum.of(header.span.bytes))
        return ScratchFolder.write(parts: [(0, header + table + block)] + tensors, to: name, byteCount: fileBytes)
    }

    /// An input that stands for the small model.
    static func seed(tokenizer: [UInt8], template: [UInt8]) -> [UInt8] {
        let file = fixture(SmallModel.path)
        let count = Int(file.span.bytes.littleEndian(at: 88, as: UInt32.self))
        let table = Array(file[Self.entryBytes..<Self.entryBytes * (1 + count)])
        let provenance = Array(#"{"converter":"rg-quant 1","source":"x","types":["q8"]}"#.utf8)
        // As scales of f16 and as f32 a small number, as codes whatever.
        let fill: [UInt8] = [0x00, 0x2C, 0x10, 0x2C]
        return [0] + Sections.join([table, SmallModel.configuration.serialized(), tokenizer, template, provenance, fill])
    }
}
