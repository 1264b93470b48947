import RGEdge

/// How an answer is to be made, whatever API asks for it.
struct AnswerSettings {
    var sampling: Sampling
    /// True if the request says where the draws begin.
    var hasSeed: Bool
    /// Answers to each prompt.
    var count = 1
    /// Nil for as many as the server has for requests that don't say.
    var maxTokens: Int?
    var stop: [String]
    /// How many others to tell beside each token; nil for no logprobs.
    var logprobs: Int?
    var format = AnswerFormat.text
    /// The member that the format comes from.
    var formatParam: String
}
