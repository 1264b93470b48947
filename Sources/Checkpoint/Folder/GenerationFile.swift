import Glibc
import JSON
import System

/// `generation_config.json`, in which a model's makers say how they generate with it; a folder may do without.
struct GenerationFile {
    let file: SourceFile
    /// The JSON object in it.
    let contents: JSONValue

    static let name = "generation_config.json"

    /// Nil where there is no such file.
    init?(folder: String) throws(FileProblem) {
        let path = folder + "/" + Self.name
        // A link that leads nowhere is not nothing.
        var status = stat()
        guard lstat(path, &status) == 0 || errno != ENOENT else { return nil }
        file = try SourceFile(path: path, ifMissing: FileProblem.downloadAgain)
        contents = try JSONValue(parsing: try file.contents(limit: Checkpoint.Limit.configuration), of: path)
        guard contents.objectValue != nil else {
            throw FileProblem(.content, path: path, problem: "is not a JSON object", advice: FileProblem.downloadAgain)
        }
    }
}
