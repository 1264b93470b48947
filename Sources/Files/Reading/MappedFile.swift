import CLinux
import Glibc
import Synchronization
import System

/// A regular file, mapped read-only and shared: its pages are the system's file cache, and none of it counts as this process's
/// memory.
///
/// The mapping stays valid when the file is renamed, removed or replaced by another (as ``AtomicFile`` does). But if the file
/// itself is cut short or the disk fails, the system answers a read in the mapping with SIGBUS, which ends the process;
/// ``read(at:into:)`` throws instead, so bytes that nobody has read before should be read with it. If the file is guarded, a read
/// in the mapping finds zeros then, and ``checkIntact()`` throws.
public final class MappedFile: Sendable {
    /// The file, open.
    let regularFile: RegularFile
    private nonisolated(unsafe) let start: UnsafeMutableRawPointer
    /// The number of its guard (`MappingGuard.h`), if it has one.
    private let guardNumber: Int32?

    private static let guardsAll = Atomic<Bool>(false)

    /// From here on every file that is mapped is guarded: for programs that own their process.
    public static func guardAll() { guardsAll.store(true, ordering: .relaxed) }

    /// Opens and maps a file that isn't empty. Doesn't wait for a FIFO's writer, and reads nothing. Guarding a file installs a
    /// handler of SIGBUS, which stays; the handler that was there before is called for other addresses.
    public init(path: String, isGuarded: Bool = false) throws(FileProblem) {
        let file = try RegularFile(path: path)
        regularFile = file
        guard file.byteCount > 0 else {
            throw FileProblem(path: path, problem: "is empty", advice: "copy or download it again")
        }
        guard let start = mmap(nil, file.byteCount, PROT_READ, MAP_SHARED, file.descriptor, 0), start != MAP_FAILED else {
            throw .system(path, while: "mapping", errno)
        }
        self.start = start
        guard isGuarded || Self.guardsAll.load(ordering: .relaxed) else {
            guardNumber = nil
            return
        }
        let number = clinux_guard_mapping(start, file.byteCount)
        guard number >= 0 else {
            munmap(start, file.byteCount)
            throw FileProblem(
                path: path, problem: "can't be guarded: too many files already are", advice: "close some, or do without",
                code: EMFILE)
        }
        guardNumber = number
    }

    deinit {
        if let guardNumber { clinux_unguard_mapping(guardNumber) }
        munmap(start, byteCount)
    }

    /// False once zeros have taken the place of the mapping, since the system could not read the file.
    public var isIntact: Bool { guardNumber.map { !clinux_is_mapping_lost($0) } ?? true }

    /// Throws if zeros have taken the place of the mapping: then what was read there before may have been zeros already.
    public func checkIntact() throws(FileProblem) {
        guard !isIntact else { return }
        throw regularFile.isAsItWas ? .system(path, while: "reading", EIO) : Self.changed(path)
    }

    /// Throws if the file has been written to or cut since it was opened.
    public func checkUnchanged() throws(FileProblem) {
        guard !regularFile.isAsItWas else { return }
        throw Self.changed(path)
    }

    private static func changed(_ path: String) -> FileProblem {
        FileProblem(
            path: path, problem: "became shorter or was written to while it was in use",
            advice: "copy or download it again, and replace such a file by another instead of writing to it", code: EIO)
    }

    /// Where it is, as it was given.
    public var path: String { regularFile.path }
    /// Bytes of the file when it was opened.
    public var byteCount: Int { regularFile.byteCount }

    /// The whole file; valid while this object lives.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: byteCount) }

    /// Copies the bytes from `offset` on into `buffer` by pread(2).
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        try regularFile.read(at: offset, into: buffer)
    }

    /// The bytes of a range that lies in the file as it was opened, by pread(2).
    public func bytes(_ range: Range<Int>) throws(FileProblem) -> [UInt8] { try regularFile.bytes(range) }

    /// Reads a range of the file and maps its pages now. Throws if reading fails.
    public func preload(_ range: Range<Int>) throws(FileProblem) {
        let first = range.lowerBound & ~(Int(getpagesize()) - 1)
        // Linux 5.14; not in every C library's headers.
        let populateRead: Int32 = 22
        while madvise(start + first, range.upperBound - first, populateRead) != 0 {
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
        guard mlock(start + range.lowerBound, range.count) != 0 else { return }
        let code = errno
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        // Whatever the errno, it is memory that the system refused.
        throw FileProblem(
            .memory, path: path, problem: "locking its \(range.count) bytes in memory failed (\(words))",
            advice: "raise \"ulimit -l\", or do without locking", code: code)
    }

    /// True if the file lies in memory anyway: on a tmpfs or ramfs.
    public var isInMemory: Bool { clinux_is_in_memory(regularFile.descriptor) }

    /// Has the system begin to read a range into its file cache, and nothing else.
    public func prefetch(_ range: Range<Int>) { regularFile.prefetch(range) }

    /// Whether the system, where an access to the mapping finds a page that is not in memory, reads that page alone or, as it does
    /// without this, its neighbours too. While pages are read alone, their use doesn't count when memory is short (Linux 6.3), so
    /// this is for a time in which ``prefetch(_:)`` goes ahead of the accesses.
    public func readPagesAlone(_ isAlone: Bool) { madvise(start, byteCount, isAlone ? MADV_RANDOM : MADV_NORMAL) }

    /// Lets the whole pages of a range go, from this process and from the system's file cache. The mapping stays; what is used of
    /// it again is read again.
    public func release(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let first = (range.lowerBound + page - 1) & ~(page - 1), end = range.upperBound & ~(page - 1)
        guard first < end else { return }
        // Advice: nothing depends on it.
        madvise(start + first, end - first, MADV_DONTNEED)
        regularFile.dropFromCache(first..<end)
    }
}
