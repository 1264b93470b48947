import JSON
import RGEdge

/// A request to Ollama's `/api/generate`, read.
struct OllamaGenerateRequest {
    /// What is to be answered.
    enum Prompt: Equatable {
        /// Nothing: the model is to be loaded, which it is.
        case none
        /// With the instructions that it begins with, which others may begin with, too.
        case conversation([Message], beginning: String)
        /// A text to go on with.
        case text(String)
    }

    var prompt: Prompt
    var settings: OllamaSettings

    /// Throws, naming the member, for what can't be done as asked.
    init(_ fields: Fields, _ model: Model) throws(APIError) {
        settings = try OllamaSettings(fields, model)
        try fields.refuse(["images"], "this model reads text alone")
        try fields.refuse(["suffix"], "this model knows no text after a gap; leave it out")
        // Answers have no context, either: Ollama has put it aside, and a client that sent another server's would wonder at the answer.
        try fields.refuse(["context"], "send the whole conversation to /api/chat")
        let text = try fields.string("prompt") ?? "", system = try fields.string("system") ?? ""
        let isRaw = try fields.bool("raw") ?? false
        if isRaw {
            try fields.refuse(["system", "template"], "with \"raw\" the prompt is all that the model reads")
        } else {
            try fields.refuse(["template"], "send the whole text with \"raw\"")
        }
        if text.isEmpty {
            prompt = .none
        } else if isRaw {
            prompt = .text(text)
        } else if !model.isInstructionTuned {
            // It knows no conversations: it goes on with a text.
            prompt = .text(system.isEmpty ? text : system + "\n\n" + text)
        } else {
            var reader = MessageReader()
            reader.messages = system.isEmpty ? [.user(text)] : [.system(system), .user(text)]
            prompt = .conversation(try reader.conversation(at: "prompt"), beginning: reader.system)
        }
    }
}
