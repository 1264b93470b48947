import Files
import JSON
import System

/// What keeps a checkpoint from being read.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
    /// The file or folder that is at fault.
    public let path: String
    /// What is wrong with it, in a clause that names the tensor or key where there is one.
    public let problem: String
    /// What to do about it, in a clause.
    public let advice: String

    /// What is wrong with a file or folder, in clauses as above.
    public init(path: String, problem: String, advice: String) {
        self.path = path
        self.problem = problem
        self.advice = advice
    }

    /// One line: path, problem, advice.
    public var description: String { "\(path): \(problem); \(advice)" }
}

extension CheckpointError {
    /// What to do about a file whose bytes can't be what was published.
    static let downloadAgain = "download the file again"

    /// A file with a text that can't be read as JSON. `subject` comes before what is wrong with it. `advice` is used if the text is
    /// wrong: if memory is short, another file doesn't help.
    init(path: String, _ error: JSONError, after subject: String = "is", advice: String = CheckpointError.downloadAgain) {
        self.init(
            path: path, problem: error.isMemory ? "can't be read: there is no memory for its JSON" : "\(subject) \(error)",
            advice: error.isMemory ? "close other programs" : advice)
    }

    /// The same in a checkpoint's terms.
    init(_ error: FileError) { self.init(path: error.path, problem: error.problem, advice: error.advice) }
}

/// Runs `body`, turning what the system has against a file into a ``CheckpointError``.
func translatingFileErrors<Result>(_ body: () throws(FileError) -> Result) throws(CheckpointError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw CheckpointError(error)
    }
}

/// A name from a file as messages show it: on one line, and without the middle of long ones.
func printable(_ name: String) -> String {
    let shown = 120
    guard name.unicodeScalars.count > shown else { return name.onOneLine }
    let start = String(name.unicodeScalars.prefix(shown / 2)), end = String(name.unicodeScalars.suffix(shown / 2))
    return start.onOneLine + "…" + end.onOneLine
}
