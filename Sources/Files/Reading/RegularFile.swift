import Glibc
import System

/// A regular file, open for reading at any place from any thread.
public final class RegularFile: Sendable {
    /// Where it is, as it was given.
    public let path: String
    /// The file as it was when it was opened.
    public let identity: FileIdentity
    /// The user who owns the file.
    let owner: uid_t
    let descriptor: Int32

    /// Opens a file, following links. Doesn't wait for a FIFO's writer. The error's `code` is ENOENT if it isn't there, EISDIR for
    /// a folder, and 0 for anything else that isn't a regular file.
    public init(path: String) throws(FileProblem) {
        descriptor = openRetrying(path, O_RDONLY | O_NONBLOCK)
        self.path = path
        guard descriptor >= 0 else { throw Self.openingError(path, errno) }
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
    }

    deinit { close(descriptor) }

    /// Bytes of the file when it was opened.
    public var byteCount: Int { identity.byteCount }

    /// Fills `buffer` with the bytes from `offset` on, all of which must lie in the file as it was opened.
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
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
        for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            _ = posix_fadvise(descriptor, off_t(start), off_t(min(step, range.upperBound - start)), POSIX_FADV_WILLNEED)
        }
    }

    /// Tells the system that nobody will read a range again soon.
    public func dropFromCache(_ range: Range<Int>) {
        // Advice: nothing depends on it.
        _ = posix_fadvise(descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
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
