import Glibc
import JSON
import System

/// Where a folder says how a conversation is written: `chat_template.jinja`, which newer models have, or the key `chat_template` of
/// `chat_template.json`, which transformers wrote for a while, or of `tokenizer_config.json`. As in transformers, the first of them
/// counts.
struct ChatTemplateFile {
    /// The Jinja text; nil where there is none.
    let text: String?
    /// The files that were read.
    let files: [SourceFile]

    init(folder: String) throws(FileProblem) {
        if let file = try Self.open(folder + "/chat_template.jinja") {
            let bytes = try file.contents(limit: Checkpoint.Limit.template)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FileProblem(.content, path: file.path, problem: "is not UTF-8 text", advice: FileProblem.downloadAgain)
            }
            self.text = text
            files = [file]
        } else {
            var text: String?
            var files: [SourceFile] = []
            for name in ["chat_template.json", "tokenizer_config.json"] where text == nil {
                guard let file = try Self.open(folder + "/" + name) else { continue }
                text = try Self.template(in: file)
                files.append(file)
            }
            self.text = text
            self.files = files
        }
    }

    /// Nil where there is no such file.
    private static func open(_ path: String) throws(FileProblem) -> SourceFile? {
        guard access(path, F_OK) == 0 else { return nil }
        return try SourceFile(path: path, ifMissing: FileProblem.downloadAgain)
    }

    /// `chat_template` is a string or a list of named ones, of which `default` is for plain conversations.
    private static func template(in file: SourceFile) throws(FileProblem) -> String? {
        func fail(_ problem: String) -> FileProblem {
            FileProblem(.content, path: file.path, problem: problem, advice: FileProblem.downloadAgain)
        }
        let bytes = try file.contents(limit: Checkpoint.Limit.template)
        let value = try JSONValue(parsing: bytes, of: file.path)
        guard let object = value.objectValue else { throw fail("is not a JSON object") }
        switch object["chat_template"] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case .array(let templates)?: return templates.first { $0["name"] == "default" }?["template"]?.stringValue
        default: throw fail("has a \"chat_template\" that is neither text nor a list")
        }
    }
}
