import Files
import Glibc
import System

/// A file of a checkpoint.
///
/// Checkpoints are read with pread(2), not mapped: if a mapped file is cut short or its disk fails, the process dies of SIGBUS,
/// while here that is an error like others; and none of its pages count as this process's memory.
final class SourceFile: Sendable {
    private let file: RegularFile

    var path: String { file.path }
    /// Bytes of the file when it was opened.
    var byteCount: Int { file.byteCount }

    /// Opens a regular file, following links (the Hugging Face cache is made of them). `advice` says what to do if it is missing,
    /// or something else is there.
    init(path: String, ifMissing advice: String) throws(FileProblem) {
        do throws(FileProblem) {
            file = try RegularFile(path: path)
        } catch {
            switch error.code {
            case ENOENT: throw FileProblem(.content, path: path, problem: "is missing", advice: advice)
            case EISDIR, 0: throw FileProblem(.content, path: path, problem: error.problem, advice: advice)
            default: throw error
            }
        }
    }

    /// Fills `buffer` with the bytes from `offset` on, all of which must lie in the file as it was opened.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) {
        try file.read(at: offset, into: buffer)
    }

    /// The whole file, which may have at most `limit` bytes. Throws for one that is a Git LFS pointer.
    func contents(limit: Int) throws(FileProblem) -> [UInt8] {
        guard byteCount <= limit else {
            throw FileProblem(
                .content, path: path, problem: "has \(byteCount) bytes, more than the \(limit) that such a file may have",
                advice: "check that it is what its name says, or download it again")
        }
        let contents = try bytes(0..<byteCount)
        guard !LargeFilePointer.isWhole(contents) else { throw LargeFilePointer.error(path: path) }
        return contents
    }

    /// The bytes of a range that lies in the file as it was opened.
    func bytes(_ range: Range<Int>) throws(FileProblem) -> [UInt8] {
        try file.bytes(range)
    }

    /// Throws if the file at the path is no longer the one that was opened.
    func checkUnchanged() throws(FileProblem) {
        try file.checkUnchanged()
    }

    /// Tells the system that nobody will read a range again soon.
    func dropFromCache(_ range: Range<Int>) { file.dropFromCache(range) }
}
