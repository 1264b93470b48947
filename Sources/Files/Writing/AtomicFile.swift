import Glibc
import System

/// A file that appears under its name whole or not at all, and replaces only a file of its own kind.
///
/// Bytes go to a temporary in the target's folder, which has no name where the file system can do that, and is called
/// `.NAME.XXXXXXXXXXXXXXXX.partial` elsewhere; ``commit()`` makes them durable and moves it to the target. What stood there until
/// then is replaced in one step: whoever has it open or mapped keeps the old bytes. If the target is a symbolic link, the link is
/// replaced, not what it points to. Without a commit, the temporary goes when the object does; a command that may be interrupted
/// also calls ``removeUnfinished()`` from its signal handlers. What has a name and stays after SIGKILL or a power cut is removed
/// when a process next writes a file in that folder.
public final class AtomicFile {
    /// Where the file will appear, as given.
    public let target: String
    /// True once the file stands at its target; also if ``commit()`` has thrown after that.
    public private(set) var isCommitted = false
    private let folder: String
    private let kind: FileKind
    private let temporary: TemporaryFile
    private var behind = WriteBehind()

    /// Whom a file is for.
    public enum Audience: Sendable {
        /// Whom umask(2) permits; if it replaces a file, those who may use that one.
        case usual
        /// This user only; if it replaces a file, those who may use that one.
        case userAlone
        /// Those who share the folder that it is in (``Folder/sharing``).
        case sharing(Folder.Sharing)
    }

    /// Makes the temporary, and removes those that killed processes have left in the folder. A file that replaces another one gets
    /// its permissions, owner and group, as far as this user may give them. Throws if the target can't be a file (a folder, a
    /// device, a name in a folder that doesn't exist, one too long), if what stands there is neither empty nor of the `kind` that
    /// is written, and if the folder can't be written to.
    public convenience init(target: String, replacing kind: FileKind, for audience: Audience = .usual) throws(FileProblem) {
        try self.init(target: target, replacing: kind, for: audience, isNamed: false)
    }

    /// The same with a temporary that has a name if `isNamed`, as on file systems that require one.
    init(target: String, replacing kind: FileKind, for audience: Audience = .usual, isNamed: Bool) throws(FileProblem) {
        let (folder, name) = Self.split(target)
        try Self.check(target, folder: folder, name: name)
        try kind.checkReplaceable(target)
        Leftovers.remove(from: folder)
        do throws(TemporaryFile.Refusal) {
            temporary = try TemporaryFile(in: folder, for: name, mode: audience.mode, isNamed: isNamed)
        } catch {
            throw Self.creationError(target, folder: folder, error.code)
        }
        self.target = target
        self.folder = folder
        self.kind = kind
        audience.apply(to: temporary.descriptor, replacing: target)
    }

    /// Throws if the disk has no room for `byteCount` more bytes: checked at the start, this saves a long run that must fail.
    public func checkRoom(for byteCount: Int) throws(FileProblem) {
        var status = statvfs()
        // Some network file systems report no sizes: then writing will show.
        guard fstatvfs(temporary.descriptor, &status) == 0, status.f_blocks > 0 else { return }
        // Root may also fill the blocks that are reserved.
        let blocks = UInt64(geteuid() == 0 ? status.f_bfree : status.f_bavail)
        let (room, overflow) = blocks.multipliedReportingOverflow(by: UInt64(status.f_frsize))
        guard !overflow, room < UInt64(max(0, byteCount)) else { return }
        throw FileProblem(
            path: target, problem: "needs \(byteCount) bytes, but its disk has only \(room) left",
            advice: "make room on it, or take another", code: ENOSPC)
    }

    /// Writes all of `bytes` from byte `offset` of the file on. Bytes that are never written are zero. A large file goes to the
    /// disk from its front on while it is written, so most of it should be written in order.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileProblem) {
        var code = TemporaryFile.write(bytes, at: offset, to: temporary.descriptor)
        guard code == 0 else { throw .system(target, while: "writing", code) }
        code = behind.advance(to: offset + bytes.count, of: temporary.descriptor)
        guard code == 0 else { throw .system(target, while: "writing to the disk", code) }
    }

    /// Writes a small file whole: ``write(_:at:)`` and ``commit()``.
    public func write(whole bytes: [UInt8]) throws(FileProblem) {
        try bytes.span.bytes.withUnsafeBytes { bytes throws(FileProblem) in try write(bytes, at: 0) }
        try commit()
    }

    /// Makes the bytes durable and gives the file its name. The last call; if it throws before the name is given, the temporary
    /// goes with this object.
    public func commit() throws(FileProblem) { try commit(linking: TemporaryFile.link) }

    func commit(linking: TemporaryFile.Linking) throws(FileProblem) {
        precondition(!isCommitted, "committed twice")
        try Self.synchronize(temporary.descriptor, path: target)
        // Something may have come there since this began.
        try kind.checkReplaceable(target)
        try temporary.move(to: target, linking: linking)
        isCommitted = true

        // The name is durable when the folder is. Whoever may write in a folder but not read it can't ask for that.
        let folderDescriptor = openRetrying(folder, O_RDONLY | O_DIRECTORY)
        guard folderDescriptor >= 0 else { return }
        defer { close(folderDescriptor) }
        try Self.synchronize(folderDescriptor, path: folder)
    }
}

extension AtomicFile {
    /// The folder and the name of a path, as rename(2) sees them.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = String(path[..<slash])
        return (folder.isEmpty ? "/" : folder, String(path[path.utf8.index(after: slash)...]))
    }

    /// Throws if the target is something that a file mustn't replace, a device above all, or isn't a name at all.
    private static func check(_ target: String, folder: String, name: String) throws(FileProblem) {
        var status = stat()
        if stat(target, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw FileProblem(path: target, problem: "is a folder", advice: "give the name of a file in it", code: EISDIR)
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw FileProblem(path: target, problem: "is not a regular file", advice: "give the name of a file to write")
            }
        }
        guard !name.isEmpty else {
            throw FileProblem(
                path: target.isEmpty ? "\"\"" : target, problem: "names no file", advice: "give the name of a file to write")
        }
        // The temporary's name is cut, so without this only the last step would fail. Some file systems report no limit.
        var system = statvfs()
        guard statvfs(folder, &system) == 0, system.f_namemax > 0, name.utf8.count > Int(clamping: system.f_namemax) else { return }
        throw FileProblem(
            path: target, problem: "has a name of \(name.utf8.count) bytes, more than the \(system.f_namemax) that its disk allows",
            advice: "give a shorter name", code: ENAMETOOLONG)
    }

    private static func creationError(_ target: String, folder: String, _ code: Int32) -> FileProblem {
        switch code {
        case ENOENT where access(folder, F_OK) == 0:
            // As in /proc, which has only the system's own files.
            FileProblem(path: target, problem: "no file can be made in \(folder)", advice: "take a folder on a disk", code: code)
        case ENOENT:
            FileProblem(path: target, problem: "its folder \(folder) doesn't exist", advice: "make the folder first", code: code)
        case ENOTDIR:
            FileProblem(path: target, problem: "\(folder) is not a folder", advice: "check the path", code: code)
        default: .system(target, while: "making a file in \(folder)", code)
        }
    }

    private static func synchronize(_ descriptor: Int32, path: String) throws(FileProblem) {
        while fsync(descriptor) != 0 {
            // EINVAL: this file system can't make folders durable.
            if errno == EINVAL { return }
            guard errno == EINTR else { throw .system(path, while: "writing to the disk", errno) }
        }
    }
}
