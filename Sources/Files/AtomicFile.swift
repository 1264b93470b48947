import Glibc

/// A file that appears under its name whole or not at all.
///
/// Bytes go to a temporary beside the target, `.NAME.XXXXXXXXXXXXXXXX.partial`; ``commit()`` makes them durable and renames it.
/// What stood under the name until then is replaced in one step: whoever has it open or mapped keeps the old bytes. If the target
/// is a symbolic link, the link is replaced, not what it points to. Without a commit, the temporary goes when the object does; a
/// command that may be interrupted also calls ``removeUnfinished()`` from its signal handlers. After SIGKILL or a power cut the
/// temporary stays; its name says that it may be deleted.
public final class AtomicFile {
    /// Where the file will appear, as given.
    public let target: String
    private let folder: String
    private let temporary: UnfinishedFile
    private let descriptor: Int32
    private var behind = WriteBehind()
    private var isCommitted = false

    /// Makes the temporary. A new file is for whom umask(2) lets, or for this user alone if it `isPrivate`; one that replaces
    /// another has its permissions. Throws where the target can't be a file (a folder, a device, a name in no folder, one too long)
    /// and where the folder can't be written to.
    public init(target: String, isPrivate: Bool = false) throws(FileError) {
        let (folder, name) = Self.split(target)
        try Self.check(target, folder: folder, name: name)
        self.target = target
        self.folder = folder

        // Room for the affixes in the 255 bytes that file systems give a name.
        let prefix = folder + "/." + String(decoding: name.utf8.prefix(200), as: UTF8.self) + "."
        while true {
            // Registered before it exists, so that no signal finds it there unknown.
            let candidate = UnfinishedFile(path: prefix + UInt64.random(in: 0...UInt64.max).hexadecimal + ".partial")
            let descriptor = open(candidate.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
            let code = errno
            if descriptor >= 0 {
                temporary = candidate
                self.descriptor = descriptor
                break
            }
            candidate.forget()
            guard code == EEXIST || code == EINTR else { throw Self.creationError(target, folder: folder, code) }
        }
        // Permissions are a courtesy: that a file system has none is no error.
        if let mode = Self.permissions(ofFile: target) { _ = fchmod(descriptor, mode) }
    }

    deinit {
        if !isCommitted {
            unlink(temporary.path)
            temporary.forget()
        }
        close(descriptor)
    }

    /// Throws if the disk has no room for `byteCount` more bytes: said at the start, it saves a long run that must fail.
    public func checkRoom(for byteCount: Int) throws(FileError) {
        var status = statvfs()
        // Some network file systems tell no sizes: then writing will show.
        guard fstatvfs(descriptor, &status) == 0, status.f_blocks > 0 else { return }
        // Root may also fill the blocks that are reserved.
        let blocks = UInt64(geteuid() == 0 ? status.f_bfree : status.f_bavail)
        let (room, overflow) = blocks.multipliedReportingOverflow(by: UInt64(status.f_frsize))
        guard !overflow, room < UInt64(max(0, byteCount)) else { return }
        throw FileError(
            path: target, problem: "needs \(byteCount) bytes, but its disk has only \(room) left",
            advice: "make room on it, or take another", code: ENOSPC)
    }

    /// Writes all of `bytes` from byte `offset` of the file on. Bytes that are never written are zero. The disk takes a large file
    /// from its front on, as it is written: so most of it should be written in order.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw .system(target, while: "writing", count == 0 ? ENOSPC : errno)
            }
        }
        let code = behind.advance(to: offset + done, of: descriptor)
        guard code == 0 else { throw .system(target, while: "writing to the disk", code) }
    }

    /// Writes a small file whole: ``write(_:at:)`` and ``commit()``.
    public func write(whole bytes: [UInt8]) throws(FileError) {
        try bytes.span.bytes.withUnsafeBytes { bytes throws(FileError) in try write(bytes, at: 0) }
        try commit()
    }

    /// Writes a small file whole.
    public static func write(_ bytes: [UInt8], to target: String) throws(FileError) {
        try AtomicFile(target: target).write(whole: bytes)
    }

    /// Makes the bytes durable and gives the file its name. The last call; if it throws before the name is given, the temporary
    /// goes with this object.
    public func commit() throws(FileError) {
        precondition(!isCommitted, "committed twice")
        try Self.synchronize(descriptor, path: target)
        guard rename(temporary.path, target) == 0 else { throw .system(target, while: "renaming the finished file", errno) }
        isCommitted = true
        temporary.forget()

        // The name is durable when the folder is. Whoever may write in a folder but not read it can't ask for that.
        let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folderDescriptor >= 0 else { return }
        defer { close(folderDescriptor) }
        try Self.synchronize(folderDescriptor, path: folder)
    }
}

extension AtomicFile {
    /// The folder and the name of a path, as rename(2) sees them.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = String(path[..<slash])
        return (folder.isEmpty ? "/" : folder, String(path[path.utf8.index(after: slash)...]))
    }

    /// Throws where the target is something that a file mustn't replace, a device above all, or no name at all.
    private static func check(_ target: String, folder: String, name: String) throws(FileError) {
        var status = stat()
        if stat(target, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw FileError(path: target, problem: "is a folder", advice: "give the name of a file in it", code: EISDIR)
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw FileError(path: target, problem: "is not a regular file", advice: "give the name of a file to write")
            }
        }
        guard !name.isEmpty else {
            throw FileError(
                path: target.isEmpty ? "\"\"" : target, problem: "names no file", advice: "give the name of a file to write")
        }
        // The temporary's name is cut, so without this only the last step would fail. Some file systems tell no limit.
        var system = statvfs()
        guard statvfs(folder, &system) == 0, system.f_namemax > 0, name.utf8.count > Int(system.f_namemax) else { return }
        throw FileError(
            path: target, problem: "has a name of \(name.utf8.count) bytes, more than the \(system.f_namemax) that its disk allows",
            advice: "give a shorter name", code: ENAMETOOLONG)
    }

    /// The permissions of the regular file that will be replaced; nil where there is none, or a link.
    private static func permissions(ofFile target: String) -> mode_t? {
        var status = stat()
        guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status.st_mode & 0o777
    }

    private static func creationError(_ target: String, folder: String, _ code: Int32) -> FileError {
        switch code {
        case ENOENT where access(folder, F_OK) == 0:
            // As /proc does, where there are only the system's own files.
            FileError(path: target, problem: "no file can be made in \(folder)", advice: "take a folder on a disk", code: code)
        case ENOENT:
            FileError(path: target, problem: "its folder \(folder) doesn't exist", advice: "make the folder first", code: code)
        case ENOTDIR:
            FileError(path: target, problem: "\(folder) is not a folder", advice: "check the path", code: code)
        default: .system(target, while: "making a file in \(folder)", code)
        }
    }

    private static func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
        while fsync(descriptor) != 0 {
            // EINVAL: this file system has no such thing for folders.
            if errno == EINVAL { return }
            guard errno == EINTR else { throw .system(path, while: "writing to the disk", errno) }
        }
    }
}
