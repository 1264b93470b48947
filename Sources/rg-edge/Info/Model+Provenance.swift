import JSON
import RGEdge

extension Model {
    /// What the file says about where it comes from; nil where it says nothing that can be read.
    var provenance: JSONValue? { file.metadata.provenance.flatMap { try? JSONValue(parsing: $0) } }

    /// True if it has no chat template, but may have been trained with it.
    var mayMissTemplate: Bool { chatTemplate == nil && provenance?["chat_template"]?.stringValue == "missing" }

    /// What to do about a template that is missing, in a clause.
    static let templateAdvice =
        "convert it again with its tokenizer_config.json or chat_template.jinja in the folder, or with "
        + "--chat-template gemma"
}
