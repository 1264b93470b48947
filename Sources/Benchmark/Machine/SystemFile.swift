import Glibc

/// Small files in which Linux tells about itself.
enum SystemFile {
    /// The first line; nil if the file can't be read.
    static func firstLine(_ path: String) -> String? { text(path)?.split(separator: "\n").first.map(String.init) }

    /// The whole number that follows `label` at the start of a line.
    static func number(after label: String, in path: String) -> Int? {
        let line = text(path)?.split(separator: "\n").first { $0.hasPrefix(label) }
        return line?.dropFirst(label.count).split(separator: " ").first.flatMap { Int($0) }
    }

    /// The text after `label` and a colon, of the first line that starts so.
    static func text(after label: String, in path: String) -> String? {
        let line = text(path)?.split(separator: "\n").first { $0.hasPrefix(label) }
        return line?.split(separator: ":", maxSplits: 1).dropFirst().first.map { String($0.drop { $0 == " " }) }
    }

    /// The file's first 8 KiB.
    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
