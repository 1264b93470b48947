import Glibc

/// A regular file, mapped read-only and shared: its pages are the system's file cache, and no byte of it is this process's memory.
///
/// The mapping stays valid when the file is renamed, removed or replaced by another (as ``AtomicFile`` does). But if the file
/// itself is cut short or the disk fails, the system answers a read in the mapping with SIGBUS, which ends the process;
/// ``read(at:into:)`` throws instead, and so is the way to bytes that nobody has read before.
public final class MappedFile: Sendable {
    /// Where it is, as it was given.
    public let path: String
    /// Bytes of the file when it was opened.
    public let byteCount: Int
    private let descriptor: Int32
    private nonisolated(unsafe) let start: UnsafeMutableRawPointer

    /// Opens and maps a file that isn't empty. Doesn't wait for a FIFO's writer, and reads nothing.
    public init(path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.openingError(path, errno) }
        do throws(FileError) {
            byteCount = try Self.size(of: descriptor, path: path)
            guard let start = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
                throw FileError.system(path, while: "mapping", errno)
            }
            self.start = start
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        munmap(start, byteCount)
        close(descriptor)
    }

    /// The whole file; valid while this object lives.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: byteCount) }

    /// Copies the bytes from `offset` on into `buffer` by pread(2).
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw FileError(
                    path: path, problem: "became shorter while it was read",
                    advice: "wait until its writer is done and start again")
            } else if errno != EINTR {
                throw .system(path, while: "reading", errno)
            }
        }
    }

    /// The bytes of a range that lies in the file as it was opened.
    public func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(FileError) {
                try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads the whole file and maps its pages now. Throws where reading fails.
    public func preload() throws(FileError) {
        // Linux 5.14; not in every C library's headers.
        let populateRead: Int32 = 22
        while madvise(start, byteCount, populateRead) != 0 {
            let code = errno
            switch code {
            case EINTR, EAGAIN: continue
            case EINVAL: return try readThrough()
            // What an access would answer with SIGBUS: the file was cut, or the disk failed.
            case EFAULT: throw .system(path, while: "reading", EIO)
            default: throw .system(path, while: "reading", code)
            }
        }
    }

    /// Reads the whole file into the system's file cache.
    private func readThrough() throws(FileError) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { piece.deallocate() }
        for offset in stride(from: 0, to: byteCount, by: piece.count) {
            try read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, byteCount - offset)]))
        }
    }

    /// Has the system keep all pages in memory as long as this object lives. Throws where that is not
    /// permitted, or there is too little.
    public func lock() throws(FileError) {
        guard mlock(start, byteCount) != 0 else { return }
        let code = errno
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        throw FileError(
            path: path, problem: "locking its \(byteCount) bytes in memory failed (\(words))",
            advice: "raise \"ulimit -l\", or do without locking", code: code)
    }

    private static func size(of descriptor: Int32, path: String) throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, while: "opening", errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw FileError(path: path, problem: "is a folder", advice: "give the path of a file", code: EISDIR)
        default:
            throw FileError(
                path: path, problem: "is not a regular file", advice: "only a file on a disk can be mapped: copy it to one")
        }
        guard status.st_size > 0 else {
            throw FileError(path: path, problem: "is empty", advice: "copy or download it again")
        }
        guard let size = Int(exactly: status.st_size) else { throw .system(path, while: "mapping", EFBIG) }
        return size
    }

    private static func openingError(_ path: String, _ code: Int32) -> FileError {
        code == ENOENT
            ? FileError(path: path.isEmpty ? "\"\"" : path, problem: "no such file", advice: "check the path", code: code)
            : .system(path, while: "opening", code)
    }
}
