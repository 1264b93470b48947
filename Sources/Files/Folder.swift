import Glibc
import System

/// A folder whose files come and go while others use it too.
public struct Folder: Sendable {
    /// A file in a folder, as it was when it was looked at.
    public struct Entry: Sendable {
        /// Its name in the folder.
        public let name: String
        /// Its size.
        public let byteCount: Int
        /// When it was last written, or marked as used.
        private let modified: FileTime

        init(name: String, _ status: stat) {
            self.name = name
            byteCount = FileIdentity(status).byteCount
            modified = FileTime(status.st_mtim)
        }

        /// True if the file was last written, or marked as used, before another one.
        public func isOlder(than other: Entry) -> Bool { modified < other.modified }
    }

    /// Where it is, as it was given.
    public let path: String
    /// True if it was made and not there before.
    public let isNew: Bool

    /// The folder at `path`, which is made if it isn't there: for whom umask(2) permits, or if it `isPrivate`, for this user only.
    public init(making path: String, isPrivate: Bool = false) throws(FileProblem) {
        self.path = path
        isNew = mkdir(path, isPrivate ? 0o700 : 0o777) == 0
        if isNew { return }
        let code = errno
        var status = stat()
        guard code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            if code == EEXIST {
                throw FileProblem(path: path, problem: "is not a folder", advice: "give the path of a folder", code: ENOTDIR)
            }
            throw .system(path, while: "making the folder", code)
        }
    }

    /// The folder at `path`; nil if there is none.
    public init?(existing path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        self.path = path
        isNew = false
    }

    /// The path of something in the folder.
    public func file(_ name: String) -> String { path + "/" + name }

    /// The regular files in the folder, in no order; with `followingLinks` those that a link leads to as well.
    public func entries(followingLinks: Bool = false) throws(FileProblem) -> [Entry] {
        guard let directory = opendir(path) else { throw .system(path, while: "reading the folder", errno) }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let item = readdir(directory) else { break }
            let name = Self.name(of: item)
            var status = stat()
            // A file that has gone in the meantime is left out.
            let result = followingLinks ? stat(file(name), &status) : lstat(file(name), &status)
            guard result == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { continue }
            entries.append(Entry(name: name, status))
        }
        guard errno == 0 else { throw .system(path, while: "reading the folder", errno) }
        return entries
    }

    /// The names of what is in the folder, files and folders, in no order, except `.` and `..`; none if it can't be read.
    public func items() -> [(name: String, isFolder: Bool)] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var items: [(name: String, isFolder: Bool)] = []
        while let item = readdir(directory) {
            let name = Self.name(of: item)
            guard name != ".", name != ".." else { continue }
            var status = stat()
            items.append((name, stat(file(name), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR))
        }
        return items
    }

    static func name(of item: UnsafeMutablePointer<dirent>) -> String {
        withUnsafePointer(to: &item.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
    }

    /// Removes a file. It is not an error if it has gone already.
    public func remove(_ name: String) throws(FileProblem) {
        guard unlink(file(name)) == 0 || errno == ENOENT else { throw .system(file(name), while: "removing it", errno) }
    }

    /// Removes the folder if nothing is in it.
    public func removeIfEmpty() { rmdir(path) }

    /// Marks a file as used now. It is not an error if that isn't possible.
    public func touch(_ name: String) { utimensat(AT_FDCWD, file(name), nil, 0) }
}

extension Folder {
    /// With whom a folder was made to be shared: those besides its owner who may write in it, that is its group (`chmod g+w`) or
    /// everybody (`chmod o+w`). Nobody else gets to see files that are made for those who share it, or to plant one.
    public struct Sharing: Sendable {
        /// Read permission for each class of users that may write in the folder and read it.
        let permissions: mode_t
        /// The folder's group.
        let group: gid_t

        /// True if others than the folder's owner and root may have made the files in it.
        public var isShared: Bool { permissions != 0 }

        fileprivate init(_ status: stat) {
            let mode = status.st_mode
            permissions = (mode & 0o070 == 0o070 ? 0o040 : 0) | (mode & 0o007 == 0o007 ? 0o004 : 0)
            group = status.st_gid
        }
    }

    /// With whom the folder is shared now; with nobody if that can't be told.
    public var sharing: Sharing {
        var status = stat()
        return Sharing(stat(path, &status) == 0 ? status : stat())
    }

    /// True if what a file of this folder holds can be trusted: this user made it, or root, or one of those who share the folder.
    public func trusts(_ file: RegularFile) -> Bool { file.owner == geteuid() || file.owner == 0 || sharing.isShared }

    /// Takes a file from those with whom the folder isn't shared, if it is this user's.
    public func restrict(_ name: String) {
        let descriptor = openRetrying(file(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid() else { return }
        let permitted = 0o700 | sharing.permissions
        if status.st_mode & 0o777 & ~permitted != 0 { _ = fchmod(descriptor, status.st_mode & permitted) }
    }
}
