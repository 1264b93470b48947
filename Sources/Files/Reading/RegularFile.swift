import CLinux
import Glibc
import System

/// A regular file, or a part of one, open for reading at any place from any thread.
public final class RegularFile: Sendable {
    /// Where it is, as it was given.
    public let path: String
    /// Where in the system's file the first byte is.
    let start: Int
    /// Bytes from there on that were there when it was opened.
    public let byteCount: Int
    /// The whole file as it was when it was opened.
    public let identity: FileIdentity
    /// The user who owns the file.
    let owner: uid_t
    let descriptor: Int32

    /// Opens a file, following links. Doesn't wait for a FIFO's writer. The error's `code` is ENOENT if it isn't there, EISDIR for
    /// a folder, and 0 for anything else that isn't a regular file.
    public convenience init(path: String) throws(FileProblem) {
        let descriptor = openRetrying(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.openingError(path, errno) }
        try self.init(owned: descriptor, path: path, start: 0, byteCount: nil)
    }

    /// A part of a file that the caller has open for reading, and may close: `byteCount` bytes from `start` on, or all up to the
    /// file's end. Messages call it `name`.
    public convenience init(descriptor: Int32, start: Int, byteCount: Int?, name: String) throws(FileProblem) {
        guard clinux_is_readable(descriptor) else {
            throw FileProblem(
                .option, path: name, problem: "is not open for reading", advice: "open it with O_RDONLY, without O_PATH or O_DIRECT"
            )
        }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system(name, while: "opening", errno) }
        try self.init(owned: copy, path: name, start: start, byteCount: byteCount)
    }

    /// Takes a descriptor over, and closes it if this throws.
    private init(owned descriptor: Int32, path: String, start: Int, byteCount: Int?) throws(FileProblem) {
        self.descriptor = descriptor
        self.path = path
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            guard code == 0 else { throw .system(path, while: "opening", code) }
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw FileProblem(path: path, problem: "is a folder", advice: "give the path of a file", code: EISDIR)
            }
            throw FileProblem(path: path, problem: "is not a regular file", advice: "copy it to one, on a disk")
        }
        identity = FileIdentity(status)
        owner = status.st_uid
        let left = start < 0 ? -1 : identity.byteCount - start
        guard left >= 0, (0...left).contains(byteCount ?? left) else {
            close(descriptor)
            throw FileProblem(
                .option, path: path,
                problem: "has \(identity.byteCount) bytes, and not \(byteCount.map { "\($0) " } ?? "")from \(start) on",
                advice: "check where the part begins, and how long it is")
        }
        self.start = start
        self.byteCount = byteCount ?? left
    }

    deinit { close(descriptor) }

    /// Fills `buffer` with the bytes from `offset` on, all of which must lie in the file as it was opened.
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(start + offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw changed("became shorter")
            } else if errno != EINTR {
                throw .system(path, while: "reading", errno)
            }
        }
    }

    /// The bytes of a range that lies in the file as it was opened.
    public func bytes(_ range: Range<Int>) throws(FileProblem) -> [UInt8] {
        var failure: FileProblem?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(FileProblem) {
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
    public func checkUnchanged() throws(FileProblem) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw changed(errno == ENOENT ? "was removed" : "became unreadable") }
        guard FileIdentity(status) == identity else { throw changed("changed") }
    }

    /// False if the file that was opened, wherever it is now, has been written to or cut since.
    var isAsItWas: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && FileIdentity(status) == identity
    }

    /// Has the system begin to read a range into its file cache, and nothing else.
    func prefetch(_ range: Range<Int>) {
        // Linux reads no more than a request of the disk for a call, and 128 KB at least.
        let step = 128 << 10
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            let count = min(step, range.upperBound - offset)
            _ = posix_fadvise(descriptor, off_t(start + offset), off_t(count), POSIX_FADV_WILLNEED)
        }
    }

    /// Tells the system that nobody will read a range again soon.
    public func dropFromCache(_ range: Range<Int>) {
        // Advice: nothing depends on it.
        _ = posix_fadvise(descriptor, off_t(start + range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
    }

    func changed(_ what: String) -> FileProblem {
        FileProblem(path: path, problem: "\(what) while it was read", advice: "wait until its writer is done and start again")
    }

    private static func openingError(_ path: String, _ code: Int32) -> FileProblem {
        code == ENOENT
            ? FileProblem(path: path.isEmpty ? "\"\"" : path, problem: "no such file", advice: "check the path", code: code)
            : .system(path, while: "opening", code)
    }
}
