import CLZ4
import Files
import System

extension Metadata {
    /// The metadata as one LZ4 block, and how many bytes it unpacks to. `path` is for errors.
    func packed(path: String) throws(FileProblem) -> (block: [UInt8], unpackedBytes: Int) {
        let entries = entries
        for (key, value) in entries {
            if let problem = Self.sizeProblem(key, value.count) { throw .unwritable(path, "metadata with \(problem)") }
        }
        let bytes = Self.serialized(entries)
        guard bytes.count <= FileLayout.largestMetadata else {
            throw .unwritable(
                path, "metadata of \(bytes.count) bytes is over the \(FileLayout.largestMetadata) that a file can hold")
        }
        let bound = Int(LZ4_compressBound(Int32(bytes.count)))
        let block = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            count = bytes.withUnsafeBytes { source in
                Int(
                    LZ4_compress_default(
                        source.baseAddress, UnsafeMutableRawPointer(buffer.baseAddress), Int32(source.count), Int32(bound)))
            }
        }
        return (block, bytes.count)
    }

    /// Unpacks a block whose checksum was right but whose contents may be anything. Fields are copied out, so that the unpacked
    /// bytes, most of which are the tokenizer's, don't stay in memory twice.
    init(unpacking block: [UInt8], unpackedBytes: Int, path: String) throws(FileProblem) {
        let bytes = try Self.unpack(block, unpackedBytes: unpackedBytes, path: path)
        try self.init(parsing: bytes, path: path)
    }

    private static func unpack(_ block: [UInt8], unpackedBytes: Int, path: String) throws(FileProblem) -> [UInt8] {
        var result: Int32 = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: unpackedBytes) { buffer, count in
            result = block.withUnsafeBytes { source in
                LZ4_decompress_safe(
                    source.baseAddress, UnsafeMutableRawPointer(buffer.baseAddress), Int32(source.count), Int32(unpackedBytes))
            }
            count = max(0, Int(result))
        }
        guard result >= 0, bytes.count == unpackedBytes else {
            throw .invalid(path, "has metadata that doesn't unpack to the \(unpackedBytes) bytes that its header says")
        }
        return bytes
    }

    /// The entries in the order in which they are stored.
    private var entries: [(key: String, value: [UInt8])] {
        var entries: [(key: String, value: [UInt8])] = [(Key.configuration, configuration), (Key.tokenizer, tokenizer)]
        if let chatTemplate { entries.append((Key.chatTemplate, Array(chatTemplate.utf8))) }
        if let sampling { entries.append((Key.sampling, sampling)) }
        if let provenance { entries.append((Key.provenance, provenance)) }
        return entries
    }

    private static func serialized(_ entries: [(key: String, value: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt32(entries.count))
        for (key, value) in entries {
            bytes.appendLittleEndian(UInt32(key.utf8.count))
            bytes.append(contentsOf: key.utf8)
            bytes.appendLittleEndian(UInt64(value.count))
            bytes.append(contentsOf: value)
        }
        return bytes
    }

    /// Nil if a value may have `count` bytes; otherwise a clause with what is wrong. Text is bounded because reading it takes many
    /// times its bytes.
    private static func sizeProblem(_ key: String, _ count: Int) -> String? {
        let limit =
            switch key {
            case Key.configuration, Key.sampling: FileLayout.largestConfiguration
            case Key.chatTemplate, Key.provenance: FileLayout.largestText
            default: Int.max
            }
        return count > limit ? "a \(key) of \(count) bytes, more than the \(limit) allowed" : nil
    }

    private init(parsing bytes: [UInt8], path: String) throws(FileProblem) {
        var rest = bytes[...]
        /// The next integer; nil if the bytes end.
        func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value? {
            guard rest.count >= MemoryLayout<Value>.size else { return nil }
            defer { rest = rest.dropFirst(MemoryLayout<Value>.size) }
            return rest.span.bytes.littleEndian(at: 0, as: type)
        }
        /// The next bytes, which their number precedes; nil if they end too soon.
        func field<Length: FixedWidthInteger & BitwiseCopyable>(_ type: Length.Type) -> ArraySlice<UInt8>? {
            guard let length = integer(type), length <= rest.count else { return nil }
            defer { rest = rest.dropFirst(Int(length)) }
            return rest.prefix(Int(length))
        }

        guard let count = integer(UInt32.self) else { throw .invalid(path, "has metadata too short for a count") }
        guard count <= FileLayout.largestEntryCount else {
            throw .invalid(path, "has \(count) entries in its metadata, more than the \(FileLayout.largestEntryCount) allowed")
        }
        var keys: Set<String> = []
        var values: [String: ArraySlice<UInt8>] = [:]
        let known = [Key.configuration, Key.tokenizer, Key.chatTemplate, Key.sampling, Key.provenance]
        for index in 0..<count {
            guard let keyBytes = field(UInt32.self), let value = field(UInt64.self) else {
                throw .invalid(path, "has metadata that ends in entry \(index + 1) of \(count)")
            }
            guard FileLayout.isName(keyBytes) else { throw .invalid(path, "has a metadata key that is not printable ASCII") }
            let key = String(decoding: keyBytes, as: UTF8.self)
            guard keys.insert(key).inserted else { throw .invalid(path, "has a metadata key twice") }
            if let problem = Self.sizeProblem(key, value.count) { throw .invalid(path, "has \(problem)") }
            if known.contains(key) { values[key] = value }
        }
        guard rest.isEmpty else { throw .invalid(path, "has \(rest.count) bytes after its last metadata entry") }

        func required(_ key: String) throws(FileProblem) -> [UInt8] {
            guard let value = values[key] else { throw .invalid(path, "has no \(key) in its metadata") }
            return Array(value)
        }
        configuration = try required(Key.configuration)
        tokenizer = try required(Key.tokenizer)
        sampling = values[Key.sampling].map { Array($0) }
        provenance = values[Key.provenance].map { Array($0) }
        if let template = values[Key.chatTemplate] {
            guard let text = String(validating: template, as: UTF8.self) else {
                throw .invalid(path, "has a chat_template that is not UTF-8 text")
            }
            chatTemplate = text
        } else {
            chatTemplate = nil
        }
    }
}
