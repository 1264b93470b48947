import Glibc
import System

/// What a file is, by its first bytes: nothing that we write replaces a file of another kind.
public struct FileKind: Sendable {
    /// What such a file is called, with its article: "a saved session".
    public let name: String
    /// True if these are the first bytes of such a file, at most ``startBytes``.
    private let isStart: @Sendable (_ bytes: [UInt8]) -> Bool

    /// Bytes that tell the kind of a file.
    static let startBytes = 512

    /// The files whose first bytes (512, or all if there are fewer) are as `isStart` says. `name` has an article.
    public init(_ name: String, isStart: @escaping @Sendable (_ bytes: [UInt8]) -> Bool) {
        self.name = name
        self.isStart = isStart
    }

    /// The files that begin with some bytes.
    public init(_ name: String, startingWith bytes: [UInt8]) {
        self.init(name) { $0.starts(with: bytes) }
    }

    /// No file at all: nothing is replaced unless it is empty.
    public static let none = FileKind("an empty file") { _ in false }

    /// Throws if a file stands at `path`, or at the end of a link there, that is neither empty nor of this kind, or that can't be
    /// read to find out.
    func checkReplaceable(_ path: String) throws(FileProblem) {
        let start: [UInt8]
        do throws(FileProblem) {
            let file = try RegularFile(path: path)
            start = try file.bytes(0..<min(Self.startBytes, file.byteCount))
        } catch {
            // A link that leads nowhere is replaced.
            if error.code == ENOENT || error.code == ELOOP { return }
            throw FileProblem(
                path: path, problem: "may be something other than \(name), as it can't be read (\(error.problem))",
                advice: Self.advice, code: error.code)
        }
        guard start.isEmpty || isStart(start) else {
            throw FileProblem(path: path, problem: "is not \(name), and so is not replaced", advice: Self.advice, code: EEXIST)
        }
    }

    private static let advice = "give another name, or remove it first"
}
