import Files
import System

/// A model file, mapped: its weights are used where they lie.
///
/// Opening reads and checks the header, the tensor table and the metadata, a few megabytes (3 ms with a tokenizer of 4 MB); it
/// reads no weights. Safe to use from several threads.
///
/// We give the system no advice on the mapping. Measured with a cold cache: `MADV_WILLNEED` makes the first pass over the weights
/// no faster, neither with the 128 KB of read-ahead that most disks have nor with 8 MB; `MAP_POPULATE` only moves the wait;
/// `MADV_RANDOM` makes it fifty times slower. With a warm cache it makes no difference.
public final class ModelFile: Sendable {
    /// Where it is, as it was given.
    public let path: String
    /// In file order, which is the order in which a token passes them; no name twice.
    public let tensors: [TensorEntry]
    /// Configuration, tokenizer and everything else besides tensors, unpacked.
    public let metadata: Metadata
    /// Tells models apart: the header's checksum, which covers those of metadata and tensors, so that another weight or another
    /// setting gives another number.
    public let fingerprint: UInt64
    /// Bytes of the file.
    public var byteCount: Int { file.byteCount }

    let file: MappedFile
    /// Where the bytes before the first tensor end.
    let metadataEnd: Int
    private let numberOfTensor: [String: Int]

    /// False once the system could not read the mapping of a guarded file: from then on, bytes of tensors may be zeros.
    public var isIntact: Bool { file.isIntact }

    /// Throws once that has happened. Called after the bytes of tensors were used, it shows that they were the file's.
    public func checkIntact() throws(FileProblem) {
        try file.checkIntact()
    }

    /// Opens a file. Throws if it can't be read, isn't RGQ, is cut, damaged or breaks a rule of `formats/rgq.md`.
    public convenience init(path: String) throws(FileProblem) {
        try self.init(try MappedFile(path: path))
    }

    /// Reads a file that has been opened. Throws if it isn't RGQ, is cut, damaged or breaks a rule of `formats/rgq.md`.
    package init(_ file: MappedFile) throws(FileProblem) {
        let path = file.path
        func bytes(_ range: Range<Int>) throws(FileProblem) -> [UInt8] {
            try file.bytes(range)
        }
        let (header, fingerprint) = try Self.header(of: file)
        let table = try bytes(header.tableRange)
        guard Checksum.of(table.span.bytes) == header.tableChecksum else {
            throw .damaged(path, .checksum, "has a damaged tensor table")
        }
        let block = try bytes(header.metadataRange)
        guard Checksum.of(block.span.bytes) == header.metadataChecksum else {
            throw .damaged(path, .checksum, "has damaged metadata")
        }

        tensors = try TensorTable.parse(table, firstOffset: header.firstOffset, fileSize: file.byteCount, path: path)
        metadata = try Metadata(unpacking: block, unpackedBytes: header.unpackedBytes, path: path)
        numberOfTensor = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
        metadataEnd = header.metadataRange.upperBound
        self.fingerprint = fingerprint
        self.file = file
        self.path = path
    }

    /// Reads and checks the header; the fingerprint is its last 8 bytes.
    static func header(of file: MappedFile) throws(FileProblem) -> (Header, fingerprint: UInt64) {
        let start = try file.bytes(0..<min(FileLayout.headerBytes, file.byteCount))
        let header = try Header(parsing: start, fileSize: file.byteCount, path: file.path)
        return (header, start.span.bytes.littleEndian(at: 120, as: UInt64.self))
    }

    /// The tensor of that name, or nil.
    public func tensor(named name: String) -> TensorEntry? { numberOfTensor[name].map { tensors[$0] } }

    /// The place of a tensor in ``tensors``; nil if it isn't in this file.
    public func number(of tensor: TensorEntry) -> Int? { numberOfTensor[tensor.name].flatMap { tensors[$0] == tensor ? $0 : nil } }

    /// The bytes of one of this file's tensors, in the mapping: valid while this object lives, aligned to the page.
    public func bytes(of tensor: TensorEntry) -> UnsafeRawBufferPointer {
        precondition(tensor.range.upperBound <= byteCount, "the tensor is another file's")
        return UnsafeRawBufferPointer(rebasing: file.bytes[tensor.range])
    }
}
