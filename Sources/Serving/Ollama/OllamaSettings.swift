import JSON
import RGEdge

/// What requests to Ollama's `/api/chat` and `/api/generate` have in common, read.
struct OllamaSettings {
    var answer: AnswerSettings
    var isStreamed: Bool
    /// True if the model need not stay in memory after the answer, of which nothing is done here.
    var unloads: Bool
    var model: String

    /// Throws, naming the member, for what can't be done as asked. Options that aren't known, or are about memory and threads, are
    /// passed over.
    init(_ fields: Fields, _ model: Model) throws(APIError) {
        guard let name = try fields.string("model"), !name.isEmpty else { throw APIError("model is required", param: "model") }
        self.model = name
        try Self.checkThought(fields, name)
        let options = try fields.fields("options") ?? Fields(JSONObject(), at: "options")
        try Self.checkSamplers(options)
        let (sampling, hasSeed) = try options.sampling(of: model)
        // -1 is for no limit, -2 for that of the context: there is none of either here but the server's own.
        let most = try options.integer("num_predict", -2...(1 << 40)).flatMap { $0 > 0 ? $0 : nil }
        answer = AnswerSettings(
            sampling: sampling, hasSeed: hasSeed, maxTokens: most, stop: try options.stops(), logprobs: try Self.logprobs(fields),
            format: try Self.format(fields), formatParam: "format")
        isStreamed = try fields.bool("stream") ?? true
        unloads = Self.isZero(fields["keep_alive"])
    }

    /// Throws if the model is to think first, for which it was not trained.
    private static func checkThought(_ fields: Fields, _ name: String) throws(APIError) {
        switch fields["think"] {
        case nil, .bool(false), .string(""): return
        default: throw APIError("\"\(name.prefix(100))\" does not support thinking", param: "think", code: "unsupported_parameter")
        }
    }

    /// Throws for ways to choose tokens that there are not here.
    private static func checkSamplers(_ options: Fields) throws(APIError) {
        for (name, none) in [("mirostat", [0.0]), ("typical_p", [0, 1]), ("tfs_z", [0, 1])] {
            if let value = options[name]?.doubleValue, !none.contains(value) { throw .unsupported(options.path(name)) }
        }
    }

    private static func logprobs(_ fields: Fields) throws(APIError) -> Int? {
        let top = try fields.integer("top_logprobs", 0...GenerationOptions.logprobsLimit)
        return try fields.bool("logprobs") == true ? top ?? 0 : nil
    }

    /// Any JSON, or JSON that fits a schema.
    private static func format(_ fields: Fields) throws(APIError) -> AnswerFormat {
        switch fields["format"] {
        case nil, .string(""): .text
        case .string("json"): Fields.anyObject
        case .object(let schema)?: try fields.schemaFormat(.object(schema), at: fields.path("format"))
        default: throw .wrong(fields.path("format"), "is neither \"json\" nor a JSON Schema")
        }
    }

    /// True for a time of 0, which has many spellings.
    private static func isZero(_ time: JSONValue?) -> Bool {
        switch time {
        case .string(let text)?: text.first == "0" && text.utf8.allSatisfy { !(UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
        case let time?: time.doubleValue == 0
        case nil: false
        }
    }
}
