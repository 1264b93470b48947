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

    /// The folder at `path`, which is made, for this user alone, if it isn't there.
    public init(making path: String) throws(FileError) {
        self.path = path
        guard mkdir(path, 0o700) != 0 else { return }
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
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            var status = stat()
            // One that has gone in the meantime is not there.
            guard lstat(file(name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
            entries.append(Entry(name: name, byteCount: Int(status.st_size), modified: modified))
        }
        return entries
    }

    /// Removes a file. That it has gone already is no error.
    public func remove(_ name: String) throws(FileError) {
        guard unlink(file(name)) == 0 || errno == ENOENT else { throw .system(file(name), while: "removing it", errno) }
    }

    /// Marks a file as used now. That this isn't possible is no error.
    public func touch(_ name: String) { utimensat(AT_FDCWD, file(name), nil, 0) }
}
