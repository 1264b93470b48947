import Glibc

/// The folder in which a target lays its files: `tools/fuzz` makes it, in memory where it can, and removes it.
enum ScratchFolder {
    private static let path: String = {
        guard let path = getenv("RG_EDGE_FUZZ_FOLDER") else { fatalError("RG_EDGE_FUZZ_FOLDER names no folder for files") }
        return String(cString: path)
    }()

    /// The path of something in the folder.
    static func file(_ name: String) -> String { path + "/" + name }

    /// Makes a folder in the folder, if it isn't there, and returns its path.
    static func folder(_ name: String) -> String {
        mkdir(file(name), 0o700)
        return file(name)
    }

    /// Writes a file and returns its path. It gets `byteCount` bytes, of which those that aren't given are zero.
    @discardableResult
    static func write(_ bytes: some Collection<UInt8>, to name: String, byteCount: Int? = nil) -> String {
        write(parts: [(0, Array(bytes))], to: name, byteCount: byteCount ?? bytes.count)
    }

    /// Writes a file of which everything except some parts is zero.
    @discardableResult
    static func write(parts: [(offset: Int, bytes: [UInt8])], to name: String, byteCount: Int) -> String {
        let path = file(name)
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { fatalError("\(path) can't be made: errno \(errno)") }
        defer { close(descriptor) }
        for part in parts {
            guard pwrite(descriptor, part.bytes, part.bytes.count, off_t(part.offset)) == part.bytes.count else {
                fatalError("\(path) can't be written: errno \(errno)")
            }
        }
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else { fatalError("\(path) can't have \(byteCount) bytes") }
        return path
    }

    /// Removes a file, if it is there.
    static func remove(_ name: String) { unlink(file(name)) }
}

/// A file of the repository, by its path there: the working directory is the repository's root.
func fixture(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { fatalError("\(path) is missing: run this in the root of the repository") }
    defer { close(descriptor) }
    var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}
