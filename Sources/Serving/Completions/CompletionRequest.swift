import JSON
import RGEdge

/// A request to `/v1/completions`, read.
struct CompletionRequest {
    /// A text to go on with, or its tokens.
    enum Prompt: Equatable {
        case text(String)
        case tokens([UInt32])
    }

    var prompts: [Prompt]
    var settings: AnswerSettings
    var echo: Bool
    var isStreamed: Bool
    var includesUsage: Bool
    var model: String?

    /// The most prompts of a request.
    static let promptLimit = 32

    /// Throws, naming the member, for what can't be done as asked.
    init(_ fields: Fields, _ model: Model) throws(APIError) {
        guard let prompt = fields["prompt"] else { throw .missing("prompt", "give a text") }
        prompts = try Self.prompts(prompt, vocabulary: model.configuration.vocabularySize)
        try fields.refuse(["suffix"], "this model knows no text after a gap; leave it out")
        self.model = try fields.string("model")
        let (sampling, hasSeed) = try fields.sampling(of: model)
        let count = try fields.choiceCount()
        if let best = try fields.integer("best_of", 0...16), best > count {
            throw .unsupported("best_of", "ask for \"n\" answers, and choose")
        }
        let logprobs = try fields.integer("logprobs", 0...GenerationOptions.logprobsLimit)
        echo = try fields.bool("echo") ?? false
        if echo, logprobs != nil { throw .unsupported("echo", "with \"logprobs\" it is not supported; leave one out") }
        isStreamed = try fields.bool("stream") ?? false
        includesUsage = try fields.fields("stream_options")?.bool("include_usage") ?? false
        settings = AnswerSettings(
            sampling: sampling, hasSeed: hasSeed, count: count, maxTokens: try fields.maxTokens(), stop: try fields.stops(),
            logprobs: logprobs,
            format: try fields.responseFormat(), formatParam: "response_format")
        if settings.format == .text, let own = try fields.ownFormat() { settings.format = own }
    }

    /// A text, tokens, or several of either.
    private static func prompts(_ value: JSONValue, vocabulary: Int) throws(APIError) -> [Prompt] {
        switch value {
        case .string(let text): return [.text(text)]
        case .array(let array) where array.first?.intValue != nil: return [.tokens(try tokens(array, vocabulary))]
        case .array(let array):
            guard (1...promptLimit).contains(array.count) else {
                throw .wrong("prompt", "has \(array.count) prompts, not 1 to \(promptLimit)")
            }
            return try array.map { value throws(APIError) in
                switch value {
                case .string(let text): .text(text)
                case .array(let array): .tokens(try tokens(array, vocabulary))
                default: throw .wrong("prompt", "has an element that is neither a text nor an array of tokens")
                }
            }
        default: throw .wrong("prompt", "is neither a text nor an array")
        }
    }

    /// Tokens of an array; throws for what is outside of the vocabulary.
    static func tokens(_ array: [JSONValue], _ vocabulary: Int, param: String = "prompt") throws(APIError) -> [UInt32] {
        try array.map { value throws(APIError) in
            guard let token = value.intValue, (0..<vocabulary).contains(token) else {
                throw .wrong(param, "has a token that is not in the vocabulary of \(vocabulary)")
            }
            return UInt32(token)
        }
    }
}
