import CLinux
import Glibc
import System

/// A file that doesn't have its name yet: without a name if the file system can do that (O_TMPFILE), so that nothing of it stays
/// when the process is killed; otherwise beside its target, `.NAME.XXXXXXXXXXXXXXXX.partial`.
///
/// While the process lives it holds a lock (flock(2)) on the file: a file with such a name that nobody locks belongs to a dead
/// process, and ``Leftovers`` removes it.
final class TemporaryFile {
    /// Open for reading and writing; another one after a failed ``move(to:linking:)``.
    private(set) var descriptor: Int32
    /// `FOLDER/.NAME.`
    private let prefix: String
    /// Its path; nil while it has none.
    private var path: UnfinishedFile?

    /// Gives an open file a name that nothing has; returns 0 or an errno.
    typealias Linking = (_ descriptor: Int32, _ path: UnsafePointer<CChar>) -> Int32

    /// Makes one in `folder` for a file called `name`. Throws the errno if the system refuses.
    init(in folder: String, for name: String, mode: mode_t, isNamed: Bool) throws(Refusal) {
        // Room for the affixes in the 255 bytes that file systems give a name.
        prefix = folder + "/." + String(decoding: name.utf8.prefix(200), as: UTF8.self) + "."
        if !isNamed, let descriptor = Self.unnamed(in: folder, mode) {
            self.descriptor = descriptor
        } else {
            (descriptor, path) = try Self.named(prefix, mode)
        }
    }

    deinit {
        if let path {
            unlink(path.path)
            path.forget()
        }
        close(descriptor)
    }

    /// Why the system doesn't make the file.
    struct Refusal: Error {
        let code: Int32
    }

    /// Puts the file in the place of what stands at `target`, in one step.
    func move(to target: String, linking: Linking = TemporaryFile.link) throws(FileProblem) {
        if path == nil { try giveName(for: target, linking) }
        guard let path else { return }
        guard rename(path.path, target) == 0 else { throw .system(target, while: "renaming the finished file", errno) }
        path.forget()
        self.path = nil
    }

    // MARK: - Without a name

    /// Nil if the file system has no files without a name, or none that can get one later.
    private static func unnamed(in folder: String, _ mode: mode_t) -> Int32? {
        var descriptor = clinux_open_unnamed(folder, mode)
        while descriptor < 0, errno == EINTR { descriptor = clinux_open_unnamed(folder, mode) }
        guard descriptor >= 0 else { return nil }
        // One of the two ways of clinux_link. It may still fail; everything is written by then, and has to be copied.
        guard geteuid() == 0 || access(place(descriptor), F_OK) == 0 else {
            close(descriptor)
            return nil
        }
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        return descriptor
    }

    /// Gives the file a name to be renamed from, since linkat(2) replaces nothing.
    private func giveName(for target: String, _ linking: Linking) throws(FileProblem) {
        while true {
            // Registered before it exists, so that no signal finds it there unknown.
            let candidate = UnfinishedFile(prefix: prefix)
            switch linking(descriptor, candidate.path) {
            case 0:
                path = candidate
                return
            case EEXIST, EINTR: candidate.forget()
            default:
                candidate.forget()
                return try becomeCopy(for: target)
            }
        }
    }

    static func link(_ descriptor: Int32, _ path: UnsafePointer<CChar>) -> Int32 {
        clinux_link(descriptor, place(descriptor), path)
    }

    private static func place(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

    /// Becomes a copy that has a name, if this file can't get one.
    private func becomeCopy(for target: String) throws(FileProblem) {
        let copy: (descriptor: Int32, path: UnfinishedFile)
        do throws(Refusal) {
            copy = try Self.named(prefix, 0o600)
        } catch {
            throw .system(target, while: "copying the finished file", error.code)
        }
        path = copy.path
        let code = Self.copyAll(of: descriptor, to: copy.descriptor)
        close(descriptor)
        descriptor = copy.descriptor
        guard code == 0 else { throw .system(target, while: "copying the finished file", code) }
    }

    /// Copies a file's bytes, owner and permissions, and makes them durable. Returns 0 or an errno.
    private static func copyAll(of source: Int32, to copy: Int32) -> Int32 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var end = 0
        while true {
            let count = pread(source, buffer.baseAddress, buffer.count, off_t(end))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return errno }
            guard count > 0 else { break }
            let code = write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: end, to: copy)
            guard code == 0 else { return code }
            end += count
        }
        var status = stat()
        guard fstat(source, &status) == 0 else { return errno }
        _ = fchown(copy, status.st_uid, status.st_gid)
        _ = fchmod(copy, status.st_mode & 0o777)
        return fsync(copy) == 0 ? 0 : errno
    }

    /// Writes all of `bytes` from byte `offset` of a file on. Returns 0 or an errno.
    static func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, to descriptor: Int32) -> Int32 {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                return count == 0 ? ENOSPC : errno
            }
        }
        return 0
    }

    // MARK: - With a name

    private static func named(_ prefix: String, _ mode: mode_t) throws(Refusal) -> (Int32, UnfinishedFile) {
        while true {
            let candidate = UnfinishedFile(prefix: prefix)
            let descriptor = open(candidate.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            let code = errno
            guard descriptor >= 0 else {
                candidate.forget()
                guard code == EEXIST || code == EINTR else { throw Refusal(code: code) }
                continue
            }
            if Self.isKept(descriptor) { return (descriptor, candidate) }
            // Another process has taken it for that of a dead process, before it was locked.
            unlink(candidate.path)
            candidate.forget()
            close(descriptor)
        }
    }

    /// Locks a new file, if there are locks; false if another process has removed it, or is about to.
    private static func isKept(_ descriptor: Int32) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return false }
        var status = stat()
        return fstat(descriptor, &status) != 0 || status.st_nlink > 0
    }
}
