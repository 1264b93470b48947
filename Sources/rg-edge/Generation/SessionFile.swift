import Files
import Glibc
import RGEdge
import System

/// The file that a conversation is kept in: locked against other processes, and checked for changes by programs that ignore the
/// lock.
final class SessionFile {
    /// Where the conversation is kept. Another file once ``save(_:)`` found that the first one had changed.
    private(set) var path: String
    private var lock: FileLock?
    /// The file as this process has last read or written it; nil if there was none.
    private var known: FileIdentity?

    /// Throws if another process has the file in use, or it can't be written later: before the work, not after.
    init(path: String) throws(FileProblem) {
        _ = try AtomicFile(target: path, replacing: .session)
        self.path = path
        lock = try FileLock(on: path)
    }

    /// The session in the file, or a new one if there is none.
    func session(_ model: Model) throws -> Session {
        while true {
            known = FileIdentity(of: path)
            let session = Self.exists(path) ? try model.session(from: path) : try model.makeSession()
            // One that changed meanwhile is read again.
            if FileIdentity(of: path) == known { return session }
        }
    }

    /// Keeps the session in the file. If the file no longer holds what was last read from it or written to it, it stays as it is,
    /// the session goes to a new file beside it, and an error says so.
    func save(_ session: Session) throws(ModelError) {
        guard FileIdentity(of: path) == known else {
            let former = path
            (path, lock) = try Self.other(than: path)
            try write(session, replacing: .none)
            throw ModelError(
                .io,
                "\(former): was changed by another program since it was read, and stays as that left it; "
                    + "this conversation is in \(path)")
        }
        try write(session, replacing: .session)
    }

    private func write(_ session: Session, replacing kind: FileKind) throws(ModelError) {
        try session.save(to: path, replacing: kind)
        known = FileIdentity(of: path)
    }

    /// True if it is the file at `path`, whatever name of its folder is used.
    func isAt(_ path: String) -> Bool { path == self.path || lock?.isOn(path) == true }

    /// Whether the file stays as it was, in a clause.
    var untouched: String { Self.exists(path) ? "\(path) is as it was" : "\(path) was not written" }

    /// A new name beside a file's, `talk-2.rgs` for `talk.rgs`, that no other process uses.
    private static func other(than path: String) throws(ModelError) -> (String, FileLock?) {
        let suffix = path.hasSuffix(".rgs") ? ".rgs" : ""
        let stem = path.dropLast(suffix.count)
        for number in 2..<10_000 {
            let path = "\(stem)-\(number)\(suffix)"
            if exists(path) { continue }
            do throws(FileProblem) {
                return (path, try FileLock(on: path))
            } catch {
                continue
            }
        }
        throw ModelError(.io, "\(path): was changed by another program, and no name beside it is free; save to another folder")
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 || errno != ENOENT }
}
