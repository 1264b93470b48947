import JSON
import System

extension JSONValue {
    /// Reads a text of a model file's metadata, which messages call `name`; `path` is the file's.
    init(metadata json: [UInt8], _ name: String, path: String) throws(FileProblem) {
        do throws(JSONError) {
            try self.init(parsing: json)
        } catch {
            throw error.isMemory
                ? FileProblem(.memory, path: path, problem: "no memory to read \(name)", advice: "close other programs")
                : .notRunnable(path, "\(name) is \(error)")
        }
    }
}
