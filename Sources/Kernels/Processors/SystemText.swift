import Glibc

/// Small files in which Linux tells about the system.
enum SystemText {
    /// The first line of a file; nil if there is none.
    static func firstLine(_ path: String) -> String? {
        start(path)?.split(separator: "\n").first.map(String.init)
    }

    /// The first 8 kB of a file; nil if it can't be read.
    static func start(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
