import Files
import System

/// Having the file in memory before it is needed, and reading it where it is not.
extension ModelFile {
    /// Bytes that reading a file and making a model of it allocates at most, by its header: metadata and the tensor table several
    /// times over, in all forms that they pass through. Throws as ``init(_:)`` does for the header.
    package static func openingBytes(_ file: MappedFile) throws(FileProblem) -> Int {
        let (header, _) = try header(of: file)
        // JSON: at worst a list of empty objects, of which each byte takes 26 here and 94 in jansson.
        let configuration = min(header.unpackedBytes, FileLayout.largestConfiguration)
        // Control and user-defined pieces of the tokenizer, of at least 7 bytes each, and no more of them than Text allows.
        let specials = min(header.unpackedBytes / 7, 1 << 14)
        let texts = 10 * header.unpackedBytes + 160 * configuration + 512 * specials
        return header.metadataBytes + texts + 16 * header.tableRange.count + verifyingBytes
    }

    /// Reads a range of the file now. Throws if reading fails, where an access to the mapping would end in SIGBUS.
    public func preload(_ range: Range<Int>) throws(FileProblem) {
        try file.preload(range)
    }

    /// Has the system keep a range of the file in memory as long as this object lives (mlock(2)). Throws if that is not permitted,
    /// or there is too little memory.
    public func lock(_ range: Range<Int>) throws(FileProblem) {
        try file.lock(range)
    }

    /// True if the file lies in memory anyway: on a tmpfs or ramfs, or as the caller's.
    package var isInMemory: Bool { file.isInMemory }

    /// False for memory that stands in for a file: it can't be read past the system's file cache, or in parts.
    package var isOnDisk: Bool { file.isOnDisk }

    /// A way to read the file past the system's file cache; nil if it is no file.
    package func directReader() -> DirectFile? { DirectFile(file) }

    /// Copies the bytes from `offset` on, by pread(2): through the system's file cache.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        try file.read(at: offset, into: buffer)
    }

    /// Has the system begin to read a range into its file cache, and nothing else.
    package func prefetch(_ range: Range<Int>) { file.prefetch(range) }

    /// Whether accesses to the mapping read single pages (``MappedFile/readPagesAlone(_:)``).
    package func readPagesAlone(_ isAlone: Bool) { file.readPagesAlone(isAlone) }

    /// Lets a range go from memory; it is read again if it is used by the mapping.
    package func release(_ range: Range<Int>) { file.release(range) }

    /// Throws if the file has been written to or cut since it was opened.
    package func checkUnchanged() throws(FileProblem) { try file.checkUnchanged() }
}
