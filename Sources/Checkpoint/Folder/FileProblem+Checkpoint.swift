import JSON
import System

extension FileProblem {
    /// What to do about a file whose bytes can't be what was published.
    static let downloadAgain = "download the file again"

    /// A file with a text that can't be read as JSON. `subject` comes before what is wrong with it. `advice` is used if the text is
    /// wrong: if memory is short, another file doesn't help.
    init(_ error: JSONError, in path: String, _ subject: String = "is", advice: String = downloadAgain) {
        if error.isMemory {
            self.init(
                .memory, path: path, problem: "can't be read: there is no memory for its JSON", advice: "close other programs")
        } else {
            self.init(.content, path: path, problem: "\(subject) \(error)", advice: advice)
        }
    }
}

extension JSONValue {
    /// Reads the text of a checkpoint's file. Throws if it isn't JSON, with `subject` and `advice` as
    /// ``FileProblem/init(_:in:_:advice:)`` uses them.
    init(
        parsing text: [UInt8], of path: String, _ subject: String = "is", advice: String = FileProblem.downloadAgain
    ) throws(FileProblem) {
        do throws(JSONError) {
            try self.init(parsing: text)
        } catch {
            throw FileProblem(error, in: path, subject, advice: advice)
        }
    }
}

/// A name from a file as messages show it: on one line, and without the middle of long ones.
func printable(_ name: String) -> String {
    let shown = 120
    guard name.unicodeScalars.count > shown else { return name.onOneLine }
    let start = String(name.unicodeScalars.prefix(shown / 2)), end = String(name.unicodeScalars.suffix(shown / 2))
    return start.onOneLine + "…" + end.onOneLine
}
