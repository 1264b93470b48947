import Files
import System

/// Having the file in memory before it is needed.
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

    /// Reads the whole file now. Throws if reading fails, where an access to the mapping would end in SIGBUS.
    public func preload() throws(FileProblem) {
        try file.preload()
    }

    /// Has the system keep the whole file in memory as long as this object lives (mlock(2)). Throws if that is not permitted, or
    /// there is too little memory.
    public func lock() throws(FileProblem) {
        try file.lock()
    }
}
