import Glibc

/// What is wrong with a file or a folder, or with what stands in for one: standard input, a saved session in memory, an option.
///
/// The error of every module that has to do with files: it is thrown where the fault is found, and passed up as it is, so that the
/// user reads what the module that knows best has to say.
public struct FileProblem: Error, Equatable, CustomStringConvertible {
    /// What went wrong, for programs.
    public enum Kind: Sendable {
        /// The system refused: no such file, no permission, a full disk.
        case io
        /// The system has no memory for what has to be done with the file.
        case memory
        /// Not a file of the kind that is expected, or a damaged one.
        case format
        /// A file of a version that this program doesn't know.
        case version
        /// Shorter or longer than its header says.
        case size
        /// Bytes are not those that were written.
        case checksum
        /// Bytes are those that were written, but break a rule, or don't fit what they are used with.
        case content
        /// Numbers that are infinite or NaN, where a model can't go on with them.
        case notFinite
        /// A saved session of another model.
        case mismatch
        /// What was asked for makes no sense for this file.
        case option
        /// The caller asked to stop.
        case cancelled
    }

    /// What went wrong, for programs.
    public let kind: Kind
    /// The file or folder that is at fault, or what stands in for one.
    public var path: String
    /// What is wrong with it, in a clause, which names the tensor or key where there is one.
    public let problem: String
    /// What to do about it, in a clause.
    public var advice: String
    /// The errno behind it, or 0.
    public let code: Int32

    /// What is wrong with a file, and what to do about it; `code` is the errno behind it, if there is one.
    public init(_ kind: Kind = .io, path: String, problem: String, advice: String, code: Int32 = 0) {
        self.kind = kind
        self.path = path
        self.problem = problem
        self.advice = advice
        self.code = code
    }

    /// One line, without a full stop: path, problem, advice.
    public var description: String { "\(path): \(problem); \(advice)" }
}

extension FileProblem {
    /// The problem of a system call that failed with `code` (an errno) while the program was `doing` something: "opening",
    /// "reading".
    public static func system(_ path: String, while doing: String, _ code: Int32) -> FileProblem {
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return FileProblem(
            code == ENOMEM ? .memory : .io, path: path, problem: "\(doing) failed (\(words))", advice: advice(for: code), code: code
        )
    }

    private static func advice(for code: Int32) -> String {
        switch code {
        case ENOSPC: "the disk is full: make room on it, or take another"
        case EDQUOT: "this user's share of the disk is full: make room, or take another disk"
        case EFBIG: "the file system, or \"ulimit -f\", allows no file so large: take another disk or raise the limit"
        case EROFS: "the file system is read-only: take another folder"
        case EACCES, EPERM: "this user lacks the permission: change it, or take another path"
        case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: "check the path"
        case EMFILE, ENFILE: "too many files are open: close some, or raise \"ulimit -n\""
        case ENOMEM: "the address space or memory is used up: stop other programs, or raise \"ulimit -v\""
        default: "check the disk"
        }
    }

    /// Runs `body`. What is wrong with its file gets another path or advice, where the caller knows better.
    public static func amending<Result: ~Copyable>(
        path: String? = nil, advice: String? = nil, _ body: @autoclosure () throws(FileProblem) -> Result
    ) throws(FileProblem) -> Result {
        do throws(FileProblem) {
            return try body()
        } catch {
            var problem = error
            if let path { problem.path = path }
            if let advice { problem.advice = advice }
            throw problem
        }
    }
}
