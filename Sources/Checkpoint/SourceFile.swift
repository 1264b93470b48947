import Glibc

/// A file of a checkpoint, open for reading at any place from any thread.
///
/// Checkpoints are read with pread(2), not mapped: where a mapped file is cut short or its disk fails, the process dies of
/// SIGBUS, while here it is an error like others; and no page of it counts as this process's memory.
final class SourceFile: Sendable {
    let path: String
    /// The file as it was when it was opened.
    let identity: FileIdentity
    private let descriptor: Int32

    /// Bytes of the file when it was opened.
    var byteCount: Int { identity.byteCount }

    /// Opens a regular file, following links (the Hugging Face cache is made of them). `advice` says what to do if it is missing.
    init(path: String, ifMissing advice: String) throws(CheckpointError) {
        // Without O_NONBLOCK, opening a FIFO would wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path
        guard descriptor >= 0 else {
            let code = errno
            throw code == ENOENT
                ? CheckpointError(path: path, problem: "is missing", advice: advice) : .system(path, while: "opening", code)
        }
        var status = stat()
        let result = fstat(descriptor, &status)
        guard result == 0, status.st_mode & S_IFMT == S_IFREG else {
            let code = errno
            close(descriptor)
            throw result != 0
                ? .system(path, while: "opening", code)
                : CheckpointError(path: path, problem: "is not a regular file", advice: advice)
        }
        identity = FileIdentity(status)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` with the bytes from `offset` on, all of which must lie in the file as it was opened.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw changed("became shorter")
            } else if errno != EINTR {
                throw .system(path, while: "reading", errno)
            }
        }
    }

    /// The whole file, which may have at most `limit` bytes.
    func contents(limit: Int) throws(CheckpointError) -> [UInt8] {
        guard byteCount <= limit else {
            throw CheckpointError(
                path: path, problem: "has \(byteCount) bytes, more than the \(limit) that such a file may have",
                advice: "check that it is what its name says, or download it again")
        }
        return try bytes(0..<byteCount)
    }

    /// The bytes of a range that lies in the file as it was opened.
    func bytes(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
        var failure: CheckpointError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(CheckpointError) {
                try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Throws if the file at the path is no longer the one that was opened.
    func checkUnchanged() throws(CheckpointError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw changed(errno == ENOENT ? "was removed" : "became unreadable") }
        guard FileIdentity(status) == identity else { throw changed("changed") }
    }

    /// Tells the system that nobody will read a range again soon.
    func dropFromCache(_ range: Range<Int>) {
        // Advice: nothing depends on it.
        _ = posix_fadvise(descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
    }

    private func changed(_ what: String) -> CheckpointError {
        CheckpointError(path: path, problem: "\(what) while it was read", advice: "wait until its writer is done and start again")
    }
}

/// What tells a file from another one, and from itself before it was written to.
struct FileIdentity: Equatable, Sendable {
    let byteCount: Int
    private let device: UInt
    private let number: UInt
    private let seconds: Int
    private let nanoseconds: Int

    init(_ status: stat) {
        byteCount = Int(status.st_size)
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
    }
}
