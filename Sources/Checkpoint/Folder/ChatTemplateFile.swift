import Glibc
import JSON

/// Where a folder says how a conversation is written: `chat_template.jinja`, which newer models have, or the key `chat_template` of
/// `tokenizer_config.json`. As in transformers, the former goes first.
struct ChatTemplateFile {
    /// The Jinja text; nil where there is none.
    let text: String?
    /// The file that was read, if any.
    let files: [SourceFile]

    init(folder: String) throws(CheckpointError) {
        if let file = try Self.open(folder + "/chat_template.jinja") {
            let bytes = try file.contents(limit: Checkpoint.Limit.template)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CheckpointError(path: file.path, problem: "is not UTF-8 text", advice: CheckpointError.downloadAgain)
            }
            self.text = text
            files = [file]
        } else if let file = try Self.open(folder + "/tokenizer_config.json") {
            text = try Self.template(in: file)
            files = [file]
        } else {
            text = nil
            files = []
        }
    }

    /// Nil where there is no such file.
    private static func open(_ path: String) throws(CheckpointError) -> SourceFile? {
        guard access(path, F_OK) == 0 else { return nil }
        return try SourceFile(path: path, ifMissing: CheckpointError.downloadAgain)
    }

    /// `chat_template` is a string or a list of named ones, of which `default` is for plain conversations.
    private static func template(in file: SourceFile) throws(CheckpointError) -> String? {
        func fail(_ problem: String) -> CheckpointError {
            CheckpointError(path: file.path, problem: problem, advice: CheckpointError.downloadAgain)
        }
        let bytes = try file.contents(limit: Checkpoint.Limit.template)
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw fail("is \(error)")
        }
        guard let object = value.objectValue else { throw fail("is not a JSON object") }
        switch object["chat_template"] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case .array(let templates)?: return templates.first { $0["name"] == "default" }?["template"]?.stringValue
        default: throw fail("has a \"chat_template\" that is neither text nor a list")
        }
    }
}
