import Glibc

/// What keeps a checkpoint from being read.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
    /// The file or folder that is at fault.
    public let path: String
    /// What is wrong with it, in a clause that names the tensor or key where there is one.
    public let problem: String
    /// What to do about it, in a clause.
    public let advice: String

    public init(path: String, problem: String, advice: String) {
        self.path = path
        self.problem = problem
        self.advice = advice
    }

    public var description: String { "\(path): \(problem); \(advice)" }
}

extension CheckpointError {
    /// What to do about a file whose bytes can't be what was published.
    static let downloadAgain = "download the file again"

    /// A file that the system refuses to open or read, for the reason `code` (an errno).
    static func system(_ path: String, _ operation: String, _ code: Int32) -> CheckpointError {
        CheckpointError(
            path: path, problem: "\(operation) failed (\(systemMessage(code)))",
            advice: code == EACCES || code == EPERM ? "make it readable for this user" : "check the disk and the path")
    }
}

/// A name from a file as it may be shown on a terminal: control characters escaped, the middle of long ones left out.
func printable(_ name: String) -> String {
    let escaped = name.unicodeScalars.map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
        default: String(scalar)
        }
    }
    let shown = 120
    return escaped.count <= shown
        ? escaped.joined() : escaped.prefix(shown / 2).joined() + "…" + escaped.suffix(shown / 2).joined()
}

/// The system's words for an errno.
private func systemMessage(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
