import Files

/// What keeps a model file from being read or written.
public struct ModelFileError: Error, Equatable, CustomStringConvertible {
    /// What went wrong, for programs.
    public enum Kind: Sendable {
        /// The system refused: no such file, no permission, a full disk.
        case io
        /// Not an RGQ file at all.
        case format
        /// An RGQ file of a version that this program doesn't know.
        case version
        /// Shorter or longer than its header says.
        case size
        /// Bytes are not those that were written.
        case checksum
        /// The checksums are right, but what they protect breaks a rule of `formats/rgq.md`; or a writer was asked to break one.
        case content
    }

    /// The file that is at fault.
    public let path: String
    /// What went wrong, for programs.
    public let kind: Kind
    /// What is wrong with it, in a clause that names the tensor or key where there is one.
    public let problem: String
    /// What to do about it, in a clause.
    public let advice: String
    /// The errno behind it, or 0.
    public let code: Int32

    /// What is wrong with a model file, and what to do about it.
    public init(path: String, kind: Kind, problem: String, advice: String, code: Int32 = 0) {
        self.path = path
        self.kind = kind
        self.problem = problem
        self.advice = advice
        self.code = code
    }

    /// One line, without a full stop.
    public var description: String { "\(path): \(problem); \(advice)" }
}

extension ModelFileError {
    /// What the system has against reading or writing a model file.
    package init(_ error: FileError) {
        self.init(path: error.path, kind: .io, problem: error.problem, advice: error.advice, code: error.code)
    }

    /// A file that isn't what its writer wrote.
    static func damaged(_ path: String, _ kind: Kind, _ problem: String) -> ModelFileError {
        ModelFileError(path: path, kind: kind, problem: problem, advice: "copy or download it again, or convert the model again")
    }

    /// A file that was written whole, but wrongly.
    static func invalid(_ path: String, _ problem: String) -> ModelFileError {
        ModelFileError(path: path, kind: .content, problem: problem, advice: "convert the model again with \"rg-quant convert\"")
    }

    /// A writer that was asked for what the format has no room for.
    static func unwritable(_ path: String, _ problem: String) -> ModelFileError {
        ModelFileError(
            path: path, kind: .content, problem: problem, advice: "nothing was written: correct the call of ModelFileWriter")
    }
}

/// Runs `body`, turning what the system has against a file into a ``ModelFileError``.
func translatingFileErrors<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(ModelFileError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw ModelFileError(error)
    }
}
