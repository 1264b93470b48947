import Glibc

/// A folder whose files come and go while others use it too.
public struct Folder: Sendable {
    /// A file in a folder, as it was when it was looked at.
    public struct Entry: Sendable {
        /// Its name in the folder.
        public let name: String
        /// Its size.
        public let byteCount: Int
        /// When it was last written, or marked as used, in nanoseconds since 1970.
        public let modified: Int
    }

    /// Where it is, as it was given.
    public let path: String
    /// True if it was made and not there before.
    public let isNew: Bool

    /// The folder at `path`, which is made if it isn't there: for whom umask(2) lets, or for this user alone if it `isPrivate`.
    public init(making path: String, isPrivate: Bool = false) throws(FileError) {
        self.path = path
        isNew = mkdir(path, isPrivate ? 0o700 : 0o777) == 0
        if isNew { return }
        let code = errno
        var status = stat()
        guard code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            if code == EEXIST {
                throw FileError(path: path, problem: "is not a folder", advice: "give the path of a folder", code: ENOTDIR)
            }
            throw .system(path, while: "making the folder", code)
        }
    }

    /// The path of something in the folder.
    public func file(_ name: String) -> String { path + "/" + name }

    /// The regular files in the folder, in no order.
    public func entries() throws(FileError) -> [Entry] {
        guard let directory = opendir(path) else { throw .system(path, while: "reading the folder", errno) }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let item = readdir(directory) else { break }
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            var status = stat()
            // One that has gone in the meantime is not there.
            guard lstat(file(name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
            entries.append(Entry(name: name, byteCount: Int(status.st_size), modified: modified))
        }
        guard errno == 0 else { throw .system(path, while: "reading the folder", errno) }
        return entries
    }

    /// Removes a file. That it has gone already is no error.
    public func remove(_ name: String) throws(FileError) {
        guard unlink(file(name)) == 0 || errno == ENOENT else { throw .system(file(name), while: "removing it", errno) }
    }

    /// Removes the folder if nothing is in it.
    public func removeIfEmpty() { rmdir(path) }

    /// Marks a file as used now. That this isn't possible is no error.
    public func touch(_ name: String) { utimensat(AT_FDCWD, file(name), nil, 0) }
}
