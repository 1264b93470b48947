import JSON
import RGEdge

/// A request to Ollama's `/api/chat`, read.
struct OllamaChatRequest {
    /// Nil if there are no messages: then the model is to be loaded, which it is.
    var conversation: [Message]?
    /// The instructions that it begins with, which others may begin with, too; empty if there are none.
    var beginning = ""
    var settings: OllamaSettings
    var hasTools = false

    /// Throws, naming the member, for what can't be done as asked.
    init(_ fields: Fields, _ model: Model) throws(APIError) {
        settings = try OllamaSettings(fields, model)
        try fields.refuse(["template"], "conversations are written as the model was trained to read them")
        guard let messages = try fields.array("messages"), !messages.isEmpty else { return }
        for (index, value) in messages.enumerated() {
            try Fields(value, at: "messages[\(index)]").refuse(["images"], "this model reads text alone")
        }
        var reader = MessageReader()
        try reader.read(messages)
        if let (tools, choice) = try fields.tools() {
            guard settings.answer.format == .text else { throw .unsupported("format", "leave it or \"tools\" out") }
            hasTools = true
            settings.answer.format = .constrained(.call(tools, choice))
            settings.answer.formatParam = "tools"
            reader.begin(with: tools.instructions(choice))
        }
        conversation = try reader.conversation()
        beginning = reader.system
    }
}
