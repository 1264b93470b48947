import Files
import ModelFile

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
        /// Weights that are not numbers.
        case content
        /// Content that differs from its checksum.
        case checksum
        /// The system has no memory left.
        case memory
        /// A saved session or a checkpoint of another model.
        case mismatch
    }

    /// What went wrong, for programs.
    public let kind: Kind
    /// What went wrong, where, and what to do, in one sentence without a full stop.
    public let description: String

    /// An error of a kind, in one sentence without a full stop.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

extension ModelError {
    init(_ error: ModelFileError) {
        let kind: Kind =
            switch error.kind {
            case .io: .io
            case .version: .version
            case .checksum: .checksum
            case .format, .size, .content: .format
            }
        self.init(kind, error.description)
    }
}

/// Runs `body`, turning what the system has against a file into a ``ModelError``.
func translatingFileErrors<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(ModelError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw ModelError(.io, error.description)
    }
}
