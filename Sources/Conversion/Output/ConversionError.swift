import Checkpoint
import Files
import Griffin
import ModelFile
import Text

/// What keeps a checkpoint from being converted.
public struct ConversionError: Error, Equatable, CustomStringConvertible {
    /// Who can help, for programs.
    public enum Kind: Sendable {
        /// The checkpoint is missing, damaged, at odds with itself or not a RecurrentGemma.
        case source
        /// The model file can't be written.
        case target
        /// What was asked for makes no sense for this checkpoint.
        case option
        /// The caller asked to stop.
        case cancelled
    }

    /// Who can help, for programs.
    public let kind: Kind
    /// The file, folder or option that is at fault.
    public let path: String
    /// What is wrong with it, in a clause that names the tensor where there is one.
    public let problem: String
    /// What to do about it, in a clause.
    public let advice: String

    /// An error: what is at fault, what is wrong with it, and what to do about it, the last two as clauses.
    public init(_ kind: Kind, path: String, problem: String, advice: String) {
        self.kind = kind
        self.path = path
        self.problem = problem
        self.advice = advice
    }

    /// One line, without a full stop.
    public var description: String { "\(path): \(problem); \(advice)" }
}

extension ConversionError {
    init(_ error: CheckpointError) {
        self.init(.source, path: error.path, problem: error.problem, advice: error.advice)
    }

    init(_ error: FileError) {
        self.init(.target, path: error.path, problem: error.problem, advice: error.advice)
    }

    init(_ error: ModelFileError) {
        self.init(.target, path: error.path, problem: error.problem, advice: error.advice)
    }

    /// For the model file at `path`, which could not be run.
    init(_ error: ForwardPassError, path: String) {
        switch error {
        case .unreadable(let error): self.init(.source, path: error.path, problem: error.problem, advice: error.advice)
        case .nonFinite(let numbers):
            self.init(
                .source, path: path, problem: numbers.description, advice: "the model needs numbers that f32 can't hold")
        }
    }

    /// A list of names for a message, shortened.
    static func list(_ names: [String], limit: Int = 3) -> String {
        let shown = names.prefix(limit).joined(separator: ", ")
        return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
    }
}

/// Runs `body`, turning what is wrong with a checkpoint into a ``ConversionError``.
func translatingCheckpointErrors<Result>(_ body: () throws(CheckpointError) -> Result) throws(ConversionError) -> Result {
    do throws(CheckpointError) {
        return try body()
    } catch {
        throw ConversionError(error)
    }
}

/// Runs `body`, turning what is wrong with the tokenizer of a file into a ``ConversionError``.
func translatingTokenizerErrors<Result>(
    _ path: String, _ body: () throws(TokenizerError) -> Result
) throws(ConversionError) -> Result {
    do throws(TokenizerError) {
        return try body()
    } catch {
        throw ConversionError(.source, path: path, problem: error.problem, advice: error.advice)
    }
}

/// Runs `body`, turning what is wrong with a model file into a ``ConversionError``.
func translatingModelFileErrors<Result>(_ body: () throws(ModelFileError) -> Result) throws(ConversionError) -> Result {
    do throws(ModelFileError) {
        return try body()
    } catch {
        throw ConversionError(error)
    }
}
