import Files
import System

/// The first 128 bytes of a model file: what is where.
struct Header: Equatable {
    let version: UInt32
    let fileSize: Int
    let tensorCount: Int
    /// Where the first tensor starts.
    let firstOffset: Int
    /// Bytes of the metadata as stored.
    let metadataBytes: Int
    /// Bytes of the metadata unpacked.
    let unpackedBytes: Int
    let tableChecksum: UInt64
    let metadataChecksum: UInt64

    var tableRange: Range<Int> { FileLayout.headerBytes..<FileLayout.headerBytes + tensorCount * FileLayout.entryBytes }
    var metadataRange: Range<Int> { tableRange.upperBound..<tableRange.upperBound + metadataBytes }
}

// MARK: - In the file

extension Header {
    /// The header's 128 bytes.
    var bytes: [UInt8] {
        var bytes = FileLayout.magic
        bytes.appendLittleEndian(version)
        let fields = [
            UInt64(fileSize), UInt64(tableRange.lowerBound), UInt64(tableRange.count), tableChecksum,
            UInt64(metadataRange.lowerBound), UInt64(metadataBytes), UInt64(unpackedBytes), metadataChecksum,
            UInt64(firstOffset), UInt64(fileSize - firstOffset),
        ]
        for field in fields { bytes.appendLittleEndian(field) }
        bytes.appendLittleEndian(UInt32(tensorCount))
        bytes.padWithZeros(to: 120)
        bytes.appendLittleEndian(Checksum.of(bytes.span.bytes))
        return bytes
    }

    /// Reads the header of a file of `fileSize` bytes from its first bytes: 128, or the whole file if it has fewer.
    /// Checks all that can be checked without the rest of the file, in the document's order.
    init(parsing bytes: [UInt8], fileSize: Int, path: String) throws(FileProblem) {
        guard bytes.starts(with: FileLayout.magic) else {
            let foreign = ForeignFile(firstBytes: bytes, byteCount: fileSize)
            throw FileProblem(.format, path: path, problem: foreign.problem, advice: foreign.advice)
        }
        guard bytes.count >= FileLayout.headerBytes else {
            throw .damaged(path, .size, "is cut: it has only \(bytes.count) bytes")
        }
        let fields = bytes.span.bytes
        func word(_ offset: Int) -> UInt64 { bytes.span.bytes.littleEndian(at: offset, as: UInt64.self) }

        let version = fields.littleEndian(at: 4, as: UInt32.self)
        guard FileLayout.versions.contains(version) else {
            throw FileProblem(
                .version, path: path,
                problem: "is RGQ version \(version), and this program reads \(FileLayout.versionsInWords)",
                advice: "use the program that wrote it, or convert the model again with this one's rg-quant")
        }
        guard word(120) == Checksum.of(fields.extracting(..<120)) else {
            throw .damaged(path, .checksum, "has a damaged header")
        }
        guard word(8) == UInt64(fileSize) else {
            let verb = word(8) > UInt64(fileSize) ? "is cut" : "has grown"
            throw .damaged(path, .size, "\(verb): it has \(fileSize) bytes, and its header says \(word(8))")
        }

        let tensorCount = Int(fields.littleEndian(at: 88, as: UInt32.self))
        guard FileLayout.tensorCounts.contains(tensorCount) else {
            throw .invalid(path, "counts \(tensorCount) tensors, not 1 to \(FileLayout.tensorCounts.upperBound)")
        }
        let tableEnd = FileLayout.headerBytes + tensorCount * FileLayout.entryBytes
        guard word(16) == UInt64(FileLayout.headerBytes), word(24) == UInt64(tableEnd - FileLayout.headerBytes),
            tableEnd <= fileSize
        else { throw .invalid(path, "has its tensor table in the wrong place") }
        guard word(48) <= UInt64(FileLayout.largestPackedMetadata) else {
            throw .invalid(
                path, "has \(word(48)) bytes of packed metadata, more than the \(FileLayout.largestPackedMetadata) allowed")
        }
        guard word(40) == UInt64(tableEnd), word(48) <= UInt64(fileSize - tableEnd) else {
            throw .invalid(path, "has its metadata in the wrong place")
        }
        guard word(56) <= UInt64(FileLayout.largestMetadata) else {
            throw .invalid(path, "has \(word(56)) bytes of metadata, more than the \(FileLayout.largestMetadata) allowed")
        }
        guard let firstOffset = FileLayout.pageStart(atOrAfter: tableEnd + Int(word(48))), firstOffset <= fileSize,
            word(72) == UInt64(firstOffset), word(80) == UInt64(fileSize - firstOffset)
        else { throw .invalid(path, "has its tensors in the wrong place") }
        guard bytes[92..<120].allSatisfy({ $0 == 0 }) else { throw .invalid(path, "has something in its reserved bytes") }

        self.init(
            version: version, fileSize: fileSize, tensorCount: tensorCount, firstOffset: firstOffset, metadataBytes: Int(word(48)),
            unpackedBytes: Int(word(56)), tableChecksum: word(32), metadataChecksum: word(64))
    }
}
