import Glibc
import System

/// UTF-8 text from a file, a pipe or a terminal, part by part, so that it may be longer than memory, or have no end.
public final class TextFile {
    /// Where the text comes from, as messages say it.
    public let name: String
    /// Bytes of a regular file when it was opened; nil for anything else.
    public let byteCount: Int?

    private let descriptor: Int32
    private let isOwned: Bool
    private let isStopped: (Int32) -> Bool
    /// The first bytes of a character whose other bytes are still to come.
    private var start: [UInt8] = []

    /// Bytes that are read at once.
    private static let bufferBytes = 1 << 16

    /// Opens a file, without waiting for a FIFO's writer. `isStopped` is called before each read with the descriptor: it waits
    /// until there is something to read, and says whether to stop instead.
    public init(path: String, isStopped: @escaping (Int32) -> Bool = { _ in false }) throws(FileProblem) {
        descriptor = openRetrying(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path, while: "opening", errno) }
        name = path
        isOwned = true
        self.isStopped = isStopped
        byteCount = Self.byteCount(descriptor)
    }

    /// Reads from a descriptor that stays open.
    public init(descriptor: Int32, name: String, isStopped: @escaping (Int32) -> Bool = { _ in false }) {
        self.descriptor = descriptor
        self.name = name
        isOwned = false
        self.isStopped = isStopped
        byteCount = Self.byteCount(descriptor)
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    private static func byteCount(_ descriptor: Int32) -> Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return FileIdentity(status).byteCount
    }

    /// The next bytes, which are whole characters; nil at the end. Throws if reading fails, if the text is not UTF-8 (with the
    /// `code` EILSEQ), and if `isStopped` says so (EINTR).
    public func next() throws(FileProblem) -> [UInt8]? {
        while true {
            let read = try readBytes()
            let bytes = start + read
            let end = read.isEmpty ? bytes.count : Self.endOfCharacters(bytes)
            guard String(validating: bytes[..<end], as: UTF8.self) != nil else {
                throw FileProblem(
                    path: name, problem: "is not UTF-8 text", advice: "convert it, for example with iconv -t UTF-8", code: EILSEQ)
            }
            start = Array(bytes[end...])
            if end > 0 { return Array(bytes[..<end]) }
            if read.isEmpty { return nil }
        }
    }

    /// Some bytes; none at the end.
    private func readBytes() throws(FileProblem) -> [UInt8] {
        while true {
            if isStopped(descriptor) {
                throw FileProblem(.cancelled, path: name, problem: "was not read to its end", advice: "start again", code: EINTR)
            }
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.bufferBytes) { buffer, count in
                let result = read(descriptor, buffer.baseAddress, buffer.count)
                code = result < 0 ? errno : 0
                count = max(0, result)
            }
            switch code {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN: waitForInput()
            default: throw Self.readingError(name, isStandardInput: descriptor == STDIN_FILENO, code)
            }
        }
    }

    /// What the system has against reading a text, as an errno.
    public static func readingError(_ name: String, isStandardInput: Bool, _ code: Int32) -> FileProblem {
        switch code {
        case EBADF where isStandardInput:
            FileProblem(path: name, problem: "is closed", advice: "let it come from a file or a pipe", code: code)
        case EISDIR:
            FileProblem(
                path: name, problem: "is a folder",
                advice: isStandardInput ? "let it come from a file or a pipe" : "give the path of a file", code: code)
        default: .system(name, while: "reading", code)
        }
    }

    /// For those whose `isStopped` doesn't wait.
    private func waitForInput() {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, 100)
    }

    /// Where the last complete character ends, if what is before it is UTF-8.
    private static func endOfCharacters(_ bytes: [UInt8]) -> Int {
        for back in 1...min(3, max(1, bytes.count)) where bytes.count >= back {
            let byte = bytes[bytes.count - back]
            // Not the first of its character.
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}
