import Glibc

/// What the system has against reading or writing a file.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// The file or folder that is at fault.
    public let path: String
    /// What is wrong with it, in a clause.
    public let problem: String
    /// What to do about it, in a clause.
    public let advice: String
    /// The errno behind it, or 0.
    public let code: Int32

    /// What is wrong with a file; `code` is the errno behind it, if there is one.
    public init(path: String, problem: String, advice: String, code: Int32 = 0) {
        self.path = path
        self.problem = problem
        self.advice = advice
        self.code = code
    }

    /// One line: path, problem, advice.
    public var description: String { "\(path): \(problem); \(advice)" }
}

extension FileError {
    /// The error for a system call that failed with `code` (an errno) while the program was `doing`
    /// something: "opening", "reading".
    public static func system(_ path: String, while doing: String, _ code: Int32) -> FileError {
        let words = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return FileError(path: path, problem: "\(doing) failed (\(words))", advice: advice(for: code), code: code)
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
}
