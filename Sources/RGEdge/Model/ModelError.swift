import Glibc
import System

/// Why a model or a session can't do what it was asked to.
public struct ModelError: Error, Equatable, CustomStringConvertible {
    /// What went wrong, for programs.
    public enum Kind: Sendable {
        /// A token outside the vocabulary, or an option that makes no sense.
        case argument
        /// The system refused to open, read or map a file.
        case io
        /// Not a model file, or a damaged one.
        case format
        /// A file of a version that isn't known here.
        case version
        /// Numbers that are infinite or NaN, in weights, in a saved session, or in what a model computes.
        case content
        /// Content that differs from its checksum.
        case checksum
        /// The system has no memory left.
        case memory
        /// A saved session or a snapshot of another model.
        case mismatch
        /// The caller asked to stop.
        case cancelled
    }

    /// What went wrong, for programs.
    public let kind: Kind
    /// What went wrong, where, and what to do, in one sentence without a full stop.
    public let description: String
    /// The errno behind it, or 0.
    public let code: Int32

    /// An error of a kind, in one sentence without a full stop.
    public init(_ kind: Kind, _ description: String, code: Int32 = 0) {
        self.kind = kind
        self.description = description
        self.code = code
    }
}

extension ModelError {
    /// The problem of a file, in one sentence.
    init(_ problem: FileProblem) {
        let kind: Kind =
            switch problem.kind {
            case .io: .io
            case .cancelled: .cancelled
            case .memory: .memory
            case .format, .size, .content: .format
            case .version: .version
            case .checksum: .checksum
            case .notFinite: .content
            case .mismatch: .mismatch
            case .option: .argument
            }
        self.init(kind, problem.description, code: problem.code)
    }
}

extension ModelError {
    /// The system refused what a session needs.
    static func noMemory(forSessionOf model: Model) -> ModelError {
        ModelError(.memory, "no memory for a session of \(model.sessionBytes) bytes; close other programs")
    }

    /// The caller stopped what would have fed some tokens.
    static func cancelled(feeding tokens: Int) -> ModelError {
        ModelError(.cancelled, "stopped by its caller: none of the \(tokens) tokens were fed")
    }

    /// The system refused what the logits of some tokens need.
    package static func noMemory(forLogitsOf tokens: Int) -> ModelError {
        ModelError(.memory, "no memory for the logits of \(tokens) tokens; close other programs")
    }
}

/// Runs `body`, and makes what is wrong with its file a ``ModelError``. The one place where that is done: what is below this module
/// throws a `FileProblem`.
func modelErrors<Result: ~Copyable>(_ body: @autoclosure () throws(FileProblem) -> Result) throws(ModelError) -> Result {
    do throws(FileProblem) {
        return try body()
    } catch {
        throw ModelError(error)
    }
}
