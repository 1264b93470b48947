import JSON
import RGEdge

/// A request to `/v1/responses`, read.
struct ResponsesRequest {
    var conversation: [Message]
    /// The instructions that it begins with, which others may begin with, too; empty if there are none.
    var beginning: String
    var settings: AnswerSettings
    var hasTools: Bool
    var isStreamed: Bool
    var model: String?
    /// What the answer repeats of it.
    var echo: ResponsesEcho

    /// Throws, naming the member, for what can't be done as asked. Members that aren't known, or change nothing, are passed over:
    /// `store`, since nothing is stored that anybody could ask for, is one of them.
    init(_ fields: Fields, _ model: Model) throws(APIError) {
        try fields.refuse(
            ["previous_response_id", "conversation"], "no answers are stored here; send the whole conversation as \"input\"")
        try fields.refuse(["prompt"], "no prompts are stored here; send \"instructions\" and \"input\"")
        try fields.refuse(["background"], "ask for a stream, or wait")
        self.model = try fields.string("model")
        let (sampling, hasSeed) = try fields.sampling(of: model)
        settings = AnswerSettings(
            sampling: sampling, hasSeed: hasSeed, maxTokens: try fields.integer("max_output_tokens", 0...(1 << 40)),
            stop: try fields.stops(), logprobs: try Self.logprobs(fields), formatParam: "text.format")
        isStreamed = try fields.bool("stream") ?? false

        var reader = MessageReader()
        try reader.readInput(fields)
        if let instructions = try fields.string("instructions") { reader.begin(with: instructions) }
        settings.format = try fields.fields("text")?.fields("format")?.format(schemaIn: nil) ?? .text
        try Self.checkTools(fields)
        hasTools = false
        if let (tools, choice) = try fields.tools() {
            guard settings.format == .text else { throw .unsupported("text.format", "leave it or \"tools\" out") }
            hasTools = true
            settings.format = .constrained(.call(tools, choice))
            settings.formatParam = "tools"
            reader.begin(with: tools.instructions(choice))
        }
        conversation = try reader.conversation(at: "input")
        beginning = reader.system
        echo = try ResponsesEcho(fields, settings)
    }

    /// As many as are asked for, if they are to be included.
    private static func logprobs(_ fields: Fields) throws(APIError) -> Int? {
        let top = try fields.integer("top_logprobs", 0...GenerationOptions.logprobsLimit)
        let isIncluded = try fields.strings("include")?.contains("message.output_text.logprobs") ?? false
        if isIncluded { return top ?? 0 }
        return top == 0 ? nil : top
    }

    /// Throws for tools that OpenAI's servers would use by themselves.
    private static func checkTools(_ fields: Fields) throws(APIError) {
        for (index, value) in (try fields.array("tools") ?? []).enumerated() {
            let tool = try Fields(value, at: fields.path("tools[\(index)]"))
            let type = try tool.string("type") ?? "function"
            guard type == "function" else { throw .unsupported(tool.path("type"), "\"\(type)\" is not \"function\"") }
        }
    }
}
