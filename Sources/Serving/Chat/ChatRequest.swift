import JSON
import RGEdge

/// A request to `/v1/chat/completions`, read.
struct ChatRequest {
    var conversation: [Message]
    /// The instructions that it begins with, which others may begin with, too; empty if there are none.
    var beginning: String
    var settings: AnswerSettings
    var hasTools: Bool
    var isStreamed: Bool
    var includesUsage: Bool
    var model: String?

    /// Members that would change the answer, which there is nothing for.
    private static let unsupported = ["web_search_options"]

    /// Throws, naming the member, for what can't be done as asked. Members that aren't known, or change nothing, are passed over.
    init(_ fields: Fields, _ model: Model) throws(APIError) {
        guard let messages = try fields.array("messages") else {
            throw .missing("messages", "give [{\"role\": \"user\", \"content\": …}]")
        }
        try fields.refuse(Self.unsupported)
        // With "none", none is called, as without any.
        if fields["function_call"] != "none" { try fields.refuse(["functions"], "use \"tools\" and \"tool_choice\"") }
        if case .object = fields["function_call"] { throw .unsupported("function_call", "use \"tools\" and \"tool_choice\"") }
        if let modalities = try fields.strings("modalities"), modalities.contains(where: { $0 != "text" }) {
            throw .unsupported("modalities", "this model writes text alone")
        }
        self.model = try fields.string("model")
        let (sampling, hasSeed) = try fields.sampling(of: model)
        let top = try fields.integer("top_logprobs", 0...GenerationOptions.logprobsLimit)
        let logprobs = try fields.bool("logprobs") == true ? top ?? 0 : nil
        if let top, top > 0, logprobs == nil { throw .wrong("top_logprobs", "is \(top), and \"logprobs\" isn't true") }
        isStreamed = try fields.bool("stream") ?? false
        includesUsage = try fields.fields("stream_options")?.bool("include_usage") ?? false

        var reader = MessageReader()
        try reader.read(messages)
        var instructions: String?
        settings = AnswerSettings(
            sampling: sampling, hasSeed: hasSeed, count: try fields.choiceCount(), maxTokens: try fields.maxTokens(),
            stop: try fields.stops(),
            logprobs: logprobs, format: try fields.responseFormat(), formatParam: "response_format")
        if settings.format == .text, let own = try fields.ownFormat() { settings.format = own }
        hasTools = false
        if let (tools, choice) = try fields.tools() {
            guard settings.format == .text else { throw .unsupported("response_format", "leave it or \"tools\" out") }
            hasTools = true
            (settings.format, settings.formatParam) = (.constrained(.call(tools, choice)), "tools")
            instructions = tools.instructions(choice)
        }
        if let instructions { reader.begin(with: instructions) }
        conversation = try reader.conversation()
        beginning = reader.system
    }
}
