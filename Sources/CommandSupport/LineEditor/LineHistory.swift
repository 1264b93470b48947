import Files
import Glibc

/// The lines that a user has given before, kept in a file from one run to the next.
///
/// Each line of the file holds one, with `\n` for a line break and `\\` for a backslash. It is not an error if the file can't be
/// read or written: then the history is of this run only.
public struct LineHistory {
    /// Oldest first.
    private(set) var lines: [String] = []
    private let path: String?

    /// Lines that are kept from one run to the next.
    static let limit = 1000

    /// At most this many bytes are read, from the end of the file.
    private static let byteLimit = 4 << 20

    /// The history in the file `NAME` of the user's state folder, `$XDG_STATE_HOME/rg-edge` or `~/.local/state/rg-edge`
    /// (XDG Base Directory Specification 0.8). The folder is made when the first line comes.
    public init(named name: String) {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let folder = variable("XDG_STATE_HOME") ?? variable("HOME").map { $0 + "/.local/state" }
        self.init(path: folder.map { $0 + "/rg-edge/" + name })
    }

    /// The history in a file, or in none.
    init(path: String?) {
        self.path = path
        // Not a FIFO, which would wait, nor a device, which may have no end.
        guard let path, let file = try? RegularFile(path: path) else { return }
        let start = max(0, file.byteCount - Self.byteLimit)
        guard let bytes = try? file.bytes(start..<file.byteCount) else { return }
        // The rest of a line that begins before that is left out.
        let rest = start == 0 ? bytes[...] : bytes.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        for line in rest.split(separator: UInt8(ascii: "\n")) {
            guard !line.contains(0), let text = String(validating: line, as: UTF8.self) else { continue }
            lines.append(Self.unescaped(text))
        }
        if lines.count > 2 * Self.limit || start > 0 { shorten() }
    }

    /// Adds a line, unless it is empty, begins with a space or repeats the one before it.
    public mutating func add(_ line: String) {
        guard !line.isEmpty, !line.hasPrefix(" "), line != lines.last else { return }
        lines.append(line)
        write([line], isWhole: false)
    }

    /// Keeps only the last ``limit`` lines, in the file too.
    private mutating func shorten() {
        lines = lines.suffix(Self.limit)
        write(lines, isWhole: true)
    }

    /// Writes lines to the end of the file, or in place of all that it holds.
    private func write(_ lines: [String], isWhole: Bool) {
        guard let path else { return }
        makeFolders(above: path)
        // For its user alone: what people ask is theirs.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        if isWhole { ftruncate(descriptor, 0) }
        // One write, so that the lines of two programs don't mix.
        try? writeAll(lines.map { Self.escaped($0) + "\n" }.joined(), to: descriptor)
    }

    private func makeFolders(above path: String) {
        for place in path.utf8.indices.dropFirst() where path.utf8[place] == UInt8(ascii: "/") {
            mkdir(String(path[..<place]), 0o700)
        }
    }

    private static func escaped(_ line: String) -> String {
        line.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
    }

    private static func unescaped(_ line: String) -> String {
        var text = ""
        var isEscaped = false
        for character in line {
            if isEscaped {
                text.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                text.append(character)
            }
        }
        return text
    }
}
