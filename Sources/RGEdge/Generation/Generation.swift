/// What ``Session/generate(_:options:isCancelled:onProgress:onText:)`` is to do.
public struct GenerationOptions: Hashable, Sendable {
    /// How each token is chosen.
    public var sampling: Sampling
    /// Tokens to make at most; nil for as many as the model likes.
    public var maxTokens: Int?
    /// Texts that end the answer and are not part of it.
    public var stop: [String]
    /// Wrap the prompt in the model's chat template, as a turn that ends the one before it if that is still open.
    public var asChatTurn: Bool
    /// The most tokens to guess from what the text has said before, and to check together, 0…64: the text is the same, and comes
    /// sooner where it repeats itself. Allocates 0.4 MB and the logits per guess (1.4 MB with the 2B model).
    public var lookup: Int
    /// Give each token of the answer with the logarithm of its probability, and so many of the likeliest tokens in its place, 0…20;
    /// nil for none, which costs nothing (``Session/generatePieces(_:options:isCancelled:onProgress:onPiece:)``).
    public var logprobs: Int?
    /// Where the beginnings of prompts are kept; used at position 0. Not encoded: it is a folder in use.
    public var cache: PromptCache?
    /// What the answer is to look like; nil for anything. An answer that ``maxTokens`` or a stop text cut short is gone on with by an
    /// empty prompt and the same constraint. Allocates room for the logits and states of 17 tokens, of which little is touched (23 MB
    /// with the 2B model). Not encoded: it is made for a model.
    public var constraint: Constraint?

    /// By default: greedy, 256 tokens at most, plain text.
    public init(
        sampling: Sampling = Sampling(), maxTokens: Int? = 256, stop: [String] = [], asChatTurn: Bool = false, lookup: Int = 0,
        logprobs: Int? = nil, cache: PromptCache? = nil, constraint: Constraint? = nil
    ) {
        self.sampling = sampling
        self.maxTokens = maxTokens
        self.stop = stop
        self.asChatTurn = asChatTurn
        self.lookup = lookup
        self.logprobs = logprobs
        self.cache = cache
        self.constraint = constraint
    }

    /// The most tokens that ``lookup`` may ask for.
    public static let lookupLimit = Lookahead.limit
    /// The most likely tokens that ``logprobs`` may ask for.
    public static let logprobsLimit = 20

    /// Nil if the options make sense; otherwise a clause that names the one that doesn't.
    public var problem: String? {
        if let problem = sampling.problem { return problem }
        if let maxTokens, maxTokens < 0 { return "the number of tokens to make is \(maxTokens), not 0 or more" }
        if stop.contains("") { return "an empty stop text would stop at once" }
        if !(0...Self.lookupLimit).contains(lookup) {
            return "looking \(lookup) tokens ahead is not possible; give a number in 0…\(Self.lookupLimit)"
        }
        return logprobs.flatMap(Self.problem(logprobs:))
    }

    /// Nil if so many of the likeliest tokens may be asked for; otherwise a clause that says how many.
    static func problem(logprobs count: Int) -> String? {
        (0...logprobsLimit).contains(count)
            ? nil : "the logarithms of \(count) tokens' probabilities are asked for, not of 0…\(logprobsLimit)"
    }
}

/// Why generation ended.
public enum Finish: String, Codable, Sendable {
    /// The model ended its turn.
    case end
    /// The number of tokens was reached.
    case length
    /// One of the stop texts came.
    case stop
    /// The caller asked for it.
    case cancelled
}

/// What ``Session/generate(_:options:isCancelled:onProgress:onText:)`` did.
public struct GenerationResult: Hashable, Sendable {
    /// Why it ended.
    public var finish: Finish
    /// Tokens of the prompt, template and BOS included; 0 if it was cancelled before all were consumed.
    public var promptTokens: Int
    /// Those of them that the prompt cache had.
    public var reusedTokens: Int
    /// Tokens made, including those of a stop text, without the one that ended the turn.
    public var generatedTokens: Int
    /// Those of them that ``GenerationOptions/constraint`` left no choice about, and that needed no logits.
    public var forcedTokens: Int
    /// Tokens that ``GenerationOptions/lookup`` guessed.
    public var draftedTokens: Int
    /// Those of them that were right.
    public var acceptedTokens: Int
    /// Time to feed the prompt, or what the prompt cache didn't have, and to keep it there.
    public var prefillTime: Duration
    /// Time to make the tokens, including the caller's in `onText`.
    public var decodeTime: Duration
}

extension GenerationResult {
    /// One line for a log.
    var line: String {
        "an answer of \(generatedTokens) tokens (\(finish.rawValue)) in \(decodeTime.seconds) s, after \(promptTokens) tokens, "
            + "\(reusedTokens) of them known, in \(prefillTime.seconds) s"
    }
}
