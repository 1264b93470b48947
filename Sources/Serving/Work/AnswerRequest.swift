import RGEdge
import Text

/// What is to be generated, by whatever API it was asked for.
struct AnswerRequest: Sendable {
    /// What comes before the answers.
    struct Prompt: Sendable {
        /// `<bos>` first.
        var tokens: [UInt32]
        /// A place that other prompts may begin like this one up to: the end of its instructions; 0 for none.
        var cut = 0
        /// What the tokens say, by which they are known again when more of it comes.
        var source: Source
    }

    /// What a prompt was made from.
    enum Source: Sendable {
        case conversation([Message])
        case text(String)
        case tokens
    }

    /// Each is answered ``count`` times.
    var prompts: [Prompt]
    /// Without a constraint: that is made of the ``format`` when an answer begins.
    var options: GenerationOptions
    var format = AnswerFormat.text
    /// Answers per prompt.
    var count: Int
    /// True if the request says where the draws begin: then the same request has the same answer.
    var hasSeed: Bool
    /// Whose sessions may be gone on with.
    var owner: Owner
    /// The hash of all that was asked for: a client that asks again after a failure goes on with what was made.
    var fingerprint: UInt64
    /// True if the client says that it asks again.
    var isRetry: Bool

    /// Bytes that it takes while it waits, roughly.
    var byteCount: Int {
        prompts.reduce(4096) { sum, prompt in
            let text =
                switch prompt.source {
                case .conversation(let messages): messages.reduce(0) { $0 + $1.text.utf8.count }
                case .text(let text): text.utf8.count
                case .tokens: 0
                }
            return sum + text + MemoryLayout<UInt32>.stride * prompt.tokens.count
        }
    }

    /// How an answer is sampled: the first as asked, the others with the seeds that follow.
    func options(choice: Int) -> GenerationOptions {
        var options = options
        options.sampling.seed &+= UInt64(choice)
        return options
    }
}

/// Whose sessions those are that a request may go on with: those of who has the same key.
struct Owner: Hashable, Sendable {
    /// Letters and digits; empty where there are no keys.
    var word: String

    /// Everybody, where there are no keys.
    static let everybody = Owner(word: "")
}
