import Glibc

/// Small files in which Linux describes itself: those of `/proc` and `/sys`.
public enum SystemFile {
    /// The file's first 8 KiB; nil if it can't be read.
    public static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// The first line; nil if the file can't be read.
    public static func firstLine(_ path: String) -> String? { text(path)?.split(separator: "\n").first.map(String.init) }

    /// What follows `label` in the first line that starts with it, without the white space before it.
    public static func text(after label: String, in path: String) -> String? {
        let line = text(path)?.split(separator: "\n").first { $0.hasPrefix(label) }
        return line.map { String($0.dropFirst(label.count).drop { $0 == " " || $0 == "\t" }) }
    }

    /// The whole number that follows `label` in the first line that starts with it.
    public static func number(after label: String, in path: String) -> Int? {
        text(after: label, in: path)?.split(separator: " ").first.flatMap { Int($0) }
    }
}
