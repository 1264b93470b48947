import CLinux
import Glibc
import Synchronization
import System

/// A regular file, or a part of one, mapped read-only and shared: its pages are the system's file cache, and none of it counts as
/// this process's memory. Or memory of the caller's that holds what such a file would.
///
/// The mapping stays valid when the file is renamed, removed or replaced by another (as ``AtomicFile`` does). But if the file
/// itself is cut short or the disk fails, the system answers a read in the mapping with SIGBUS, which ends the process;
/// ``read(at:into:)`` throws instead, so bytes that nobody has read before should be read with it. If the file is guarded, a read
/// in the mapping finds zeros then, and ``checkIntact()`` throws.
public final class MappedFile: Sendable {
    /// Its path as it was given, or what messages call it.
    public let path: String
    /// The whole file or its part; valid while this object lives.
    public nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    /// The file, open; nil for memory.
    let regularFile: RegularFile?
    /// What was mapped for the file: whole pages.
    private nonisolated(unsafe) let mapping: UnsafeMutableRawBufferPointer
    /// Whose memory it is, if it is no file.
    private nonisolated(unsafe) let owner: AnyObject?
    /// True if parts have been locked.
    private let isLocked = Atomic<Bool>(false)
    /// The number of its guard (`MappingGuard.h`), if it has one.
    private let guardNumber: Int32?

    private static let guardsAll = Atomic<Bool>(false)

    /// From here on every file that is mapped is guarded: for programs that own their process.
    public static func guardAll() { guardsAll.store(true, ordering: .relaxed) }

    /// Maps a file that isn't empty; reads nothing. Guarding a file installs a handler of SIGBUS, which stays; the handler that was
    /// there before is called for other addresses.
    public init(_ file: RegularFile, isGuarded: Bool = false) throws(FileProblem) {
        guard file.byteCount > 0 else {
            throw FileProblem(path: file.path, problem: "is empty", advice: "copy or download it again")
        }
        // A mapping begins at a page of the file.
        let before = file.start & (Int(getpagesize()) - 1)
        let count = before + file.byteCount
        guard let start = mmap(nil, count, PROT_READ, MAP_SHARED, file.descriptor, off_t(file.start - before)), start != MAP_FAILED
        else { throw .system(file.path, while: "mapping", errno) }
        mapping = UnsafeMutableRawBufferPointer(start: start, count: count)
        bytes = UnsafeRawBufferPointer(start: start + before, count: file.byteCount)
        path = file.path
        owner = nil
        regularFile = file
        guard isGuarded || Self.guardsAll.load(ordering: .relaxed) else {
            guardNumber = nil
            return
        }
        let number = clinux_guard_mapping(start, count)
        guard number >= 0 else {
            munmap(start, count)
            throw FileProblem(
                path: file.path, problem: "can't be guarded: too many files already are", advice: "close some, or do without",
                code: EMFILE)
        }
        guardNumber = number
    }

    /// Opens and maps a file that isn't empty. Doesn't wait for a FIFO's writer.
    public convenience init(path: String, isGuarded: Bool = false) throws(FileProblem) {
        try self.init(try RegularFile(path: path), isGuarded: isGuarded)
    }

    /// Memory in place of a file. It must stay where and as it is while this object lives, which keeps its `owner` that long.
    /// Messages call it `name`.
    public init(_ memory: UnsafeRawBufferPointer, owner: AnyObject?, name: String) throws(FileProblem) {
        guard memory.count > 0 else {
            throw FileProblem(.option, path: name, problem: "has no bytes", advice: "give the whole of a file")
        }
        bytes = memory
        path = name
        self.owner = owner
        regularFile = nil
        mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        guardNumber = nil
    }

    deinit {
        if let guardNumber { clinux_unguard_mapping(guardNumber) }
        if let start = mapping.baseAddress { munmap(start, mapping.count) }
        // A file's mapping is gone with its locks; the caller's memory is to be as it was.
        if regularFile == nil, isLocked.load(ordering: .relaxed) { munlock(bytes.baseAddress, bytes.count) }
    }

    /// False once zeros have taken the place of the mapping, since the system could not read the file.
    public var isIntact: Bool { guardNumber.map { !clinux_is_mapping_lost($0) } ?? true }

    /// Throws if zeros have taken the place of the mapping: then what was read there before may have been zeros already.
    public func checkIntact() throws(FileProblem) {
        guard !isIntact else { return }
        throw regularFile?.isAsItWas ?? true ? .system(path, while: "reading", EIO) : Self.changed(path)
    }

    /// Throws if the file has been written to or cut since it was opened.
    public func checkUnchanged() throws(FileProblem) {
        guard let regularFile, !regularFile.isAsItWas else { return }
        throw Self.changed(path)
    }

    private static func changed(_ path: String) -> FileProblem {
        FileProblem(
            path: path, problem: "became shorter or was written to while it was in use",
            advice: "copy or download it again, and replace such a file by another instead of writing to it", code: EIO)
    }

    /// Bytes of the file, or its part, when it was opened.
    public var byteCount: Int { bytes.count }

    /// Copies the bytes from `offset` on, all of which must be there, into `buffer`: by pread(2) if they are a file's.
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        guard let regularFile else {
            return buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + buffer.count]))
        }
        try regularFile.read(at: offset, into: buffer)
    }

    /// The bytes of a range that lies in the file as it was opened, by pread(2) if it is one.
    public func bytes(_ range: Range<Int>) throws(FileProblem) -> [UInt8] {
        guard let regularFile else { return Array(bytes[range]) }
        return try regularFile.bytes(range)
    }

    /// The whole pages of the mapping that a range lies in, or, with `inside`, that lie in it: a start and a count for madvise(2);
    /// nil if there are none, or the bytes are the caller's.
    private func pages(_ range: Range<Int>, inside: Bool = false) -> UnsafeMutableRawBufferPointer? {
        guard mapping.count > 0, !range.isEmpty else { return nil }
        let page = Int(getpagesize()), before = mapping.count - byteCount
        let start = range.lowerBound + before, end = range.upperBound + before
        let first = inside ? (start + page - 1) & ~(page - 1) : start & ~(page - 1)
        let last = inside ? end & ~(page - 1) : end
        return first < last ? UnsafeMutableRawBufferPointer(rebasing: mapping[first..<last]) : nil
    }

    /// Reads a range of the file and maps its pages now. Throws if reading fails.
    public func preload(_ range: Range<Int>) throws(FileProblem) {
        guard let pages = pages(range) else { return }
        // Linux 5.14; not in every C library's headers.
        let populateRead: Int32 = 22
        while madvise(pages.baseAddress, pages.count, populateRead) != 0 {
            let code = errno
            switch code {
            case EINTR, EAGAIN: continue
            case EINVAL: return try readThrough(range)
            // What an access would answer with SIGBUS: the file was cut, or the disk failed.
            case EFAULT: throw .system(path, while: "reading", EIO)
            default: throw .system(path, while: "reading", code)
            }
        }
    }

    /// Reads a range into the system's file cache.
    private func readThrough(_ range: Range<Int>) throws(FileProblem) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: buffer.count) {
            try read(
                at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, range.upperBound - offset)]))
        }
    }

    /// Has the system keep a range in memory as long as this object lives. Throws if that is not permitted, or there is too little
    /// memory.
    public func lock(_ range: Range<Int>) throws(FileProblem) {
        isLocked.store(true, ordering: .relaxed)
        guard mlock(bytes.baseAddress.map { $0 + range.lowerBound }, range.count) != 0 else { return }
        let code = errno
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        // Whatever the errno, it is memory that the system refused.
        throw FileProblem(
            .memory, path: path, problem: "locking its \(range.count) bytes in memory failed (\(words))",
            advice: "raise \"ulimit -l\", or do without locking", code: code)
    }

    /// True if the file lies in memory anyway: on a tmpfs or ramfs, or as the caller's.
    public var isInMemory: Bool { regularFile.map { clinux_is_in_memory($0.descriptor) } ?? true }

    /// False for memory of the caller's.
    public var isOnDisk: Bool { regularFile != nil }

    /// Has the system begin to read a range into its file cache, and nothing else.
    public func prefetch(_ range: Range<Int>) { regularFile?.prefetch(range) }

    /// Whether the system, where an access to the mapping finds a page that is not in memory, reads that page alone or, as it does
    /// without this, its neighbours too. While pages are read alone, their use doesn't count when memory is short (Linux 6.3), so
    /// this is for a time in which ``prefetch(_:)`` goes ahead of the accesses.
    public func readPagesAlone(_ isAlone: Bool) {
        guard let start = mapping.baseAddress else { return }
        madvise(start, mapping.count, isAlone ? MADV_RANDOM : MADV_NORMAL)
    }

    /// Lets the whole pages of a range go, from this process and from the system's file cache. The mapping stays; what is used of
    /// it again is read again. The caller's memory stays as it is.
    public func release(_ range: Range<Int>) {
        guard let pages = pages(range, inside: true), let start = pages.baseAddress, let first = bytes.baseAddress else { return }
        // Advice: nothing depends on it.
        madvise(start, pages.count, MADV_DONTNEED)
        let offset = UnsafeRawPointer(start) - first
        regularFile?.dropFromCache(offset..<offset + pages.count)
    }
}
