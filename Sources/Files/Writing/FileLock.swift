import Glibc
import System

/// Keeps other processes that ask for the lock too away from a file, which need not exist, as long as this object lives.
///
/// The lock (flock(2)) is on a file beside it, `.NAME.lock`, which holds the process's number and goes with the object: one on the
/// file itself would be lost when another file takes its place. After SIGKILL that file stays, locks nothing, and is used again.
public final class FileLock {
    private let path: UnfinishedFile
    private let descriptor: Int32

    /// Locks what stands or will stand at `target`. Nil if that can't be done: no files can be made in the folder, or its file
    /// system has no locks. Throws, with the `code` EBUSY, if another process holds the lock.
    public init?(on target: String) throws(FileProblem) {
        let path = Self.path(target)
        while true {
            // For this user only, or anybody could hold it.
            let descriptor = openRetrying(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else { return nil }
            guard Self.lock(descriptor) else {
                let code = errno
                defer { close(descriptor) }
                guard code == EWOULDBLOCK else {
                    // Made above: whoever locks it writes its number.
                    if FileIdentity(of: path)?.byteCount == 0 { unlink(path) }
                    return nil
                }
                throw FileProblem(
                    path: target, problem: "is in use by another rg-edge\(Self.holder(descriptor))",
                    advice: "wait until that ends, or take another file", code: EBUSY)
            }
            // Its last holder may have removed it after it was opened.
            if FileIdentity(of: path)?.isSameFile(as: descriptor) == true {
                self.descriptor = descriptor
                break
            }
            close(descriptor)
        }
        self.path = UnfinishedFile(path: path)
        let number = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        _ = pwrite(descriptor, number, number.count, 0)
    }

    /// flock(2), again and again while signals interrupt it. False with an errno.
    private static func lock(_ descriptor: Int32) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }

    /// True if it is the lock on what stands or will stand at `target`, whatever name its folder goes by.
    public func isOn(_ target: String) -> Bool { FileIdentity(of: Self.path(target))?.isSameFile(as: descriptor) == true }

    private static func path(_ target: String) -> String {
        let (folder, name) = AtomicFile.split(target)
        // Room for the affixes in the 255 bytes that file systems give a name.
        return folder + "/." + String(decoding: name.utf8.prefix(240), as: UTF8.self) + ".lock"
    }

    deinit {
        // While it is locked, so that nobody else holds it.
        unlink(path.path)
        path.forget()
        close(descriptor)
    }

    /// The process that holds a lock, for a message; empty if the file doesn't say.
    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard let line = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").first,
            let number = Int32(line)
        else { return "" }
        return " (process \(number))"
    }
}

extension FileIdentity {
    /// True if it is the identity of an open file.
    fileprivate func isSameFile(as descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && isSameFile(as: FileIdentity(status))
    }
}
