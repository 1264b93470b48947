import Files
import Glibc
import System
import Tiles

/// Writes a model file, tensor by tensor: nothing is under the target's name until ``finish()`` has succeeded.
///
/// Where each tensor lies follows from the descriptions, so their bytes are written as they come, and hashed on the way; the
/// padding between them is never written, and so is zero.
public final class ModelFileWriter {
    /// Where the file will appear.
    public let target: String
    /// Bytes that the finished file will have.
    public let byteCount: Int

    private let file: AtomicFile
    private var checksum: Checksum
    private let metadataBlock: (block: [UInt8], unpackedBytes: Int)
    private var entries: [TensorEntry]
    /// The tensor whose bytes come next, and how many of them have come.
    private var current = 0
    private var done = 0
    private var isFinished = false

    /// Makes the file's temporary and checks that the disk has room for it all. Throws if that fails, if something other than a
    /// model file stands there, and if the format can't hold the tensors or the metadata.
    public init(target: String, tensors: [TensorDescription], metadata: Metadata) throws(FileProblem) {
        let metadataBlock = try metadata.packed(path: target)
        let tableEnd = FileLayout.headerBytes + tensors.count * FileLayout.entryBytes
        let entries = try TensorTable.placing(tensors, from: tableEnd + metadataBlock.block.count, path: target)
        guard let checksum = Checksum() else { throw FileProblem.system(target, while: "writing", ENOMEM) }
        let byteCount = entries.last?.range.upperBound ?? tableEnd
        file = try AtomicFile(target: target, replacing: .modelFile)
        try file.checkRoom(for: byteCount)
        self.target = target
        self.byteCount = byteCount
        self.checksum = checksum
        self.metadataBlock = metadataBlock
        self.entries = entries
    }

    /// Writes the next bytes of the tensors, in the order of their descriptions; goes on to the next tensor when one is full.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
        var rest = bytes
        while !rest.isEmpty {
            guard current < entries.count else {
                throw .unwritable(target, "\(rest.count) bytes came after the last tensor was full")
            }
            let entry = entries[current]
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(entry.byteCount - done))
            try file.write(part, at: entry.offset + done)
            checksum.update(part)
            done += part.count
            if done == entry.byteCount { closeTensor() }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        }
    }

    /// Writes metadata, table and header, makes everything durable and gives the file its name. The last call. Throws if a tensor
    /// is not full.
    public func finish() throws(FileProblem) {
        guard current == entries.count else {
            let entry = entries[current]
            throw .unwritable(target, "tensor \(entry.name) has only \(done) of its \(entry.byteCount) bytes")
        }
        guard !isFinished else { throw .unwritable(target, "it was finished before") }
        isFinished = true
        let table = TensorTable.bytes(entries)
        let (block, unpackedBytes) = metadataBlock
        let header = Header(
            version: entries.map(\.type.properties.fileVersion).max() ?? FileLayout.versions.lowerBound, fileSize: byteCount,
            tensorCount: entries.count, firstOffset: entries[0].offset, metadataBytes: block.count, unpackedBytes: unpackedBytes,
            tableChecksum: Checksum.of(table.span.bytes), metadataChecksum: Checksum.of(block.span.bytes))
        let start = header.bytes + table + block
        try start.span.bytes.withUnsafeBytes { bytes throws(FileProblem) in try file.write(bytes, at: 0) }
        try file.commit()
    }

    /// Notes the checksum of the tensor that is full, and turns to the next.
    private func closeTensor() {
        entries[current].checksum = checksum.value
        checksum.reset()
        current += 1
        done = 0
    }
}

extension FileKind {
    /// Model files, of all versions.
    package static let modelFile = FileKind("a model file", startingWith: Array(FileLayout.magic.prefix(3)))
}
