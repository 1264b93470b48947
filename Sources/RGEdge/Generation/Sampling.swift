/// How the next token is chosen from the logits.
///
/// Applied in this order, as in llama.cpp: logit bias, repetition penalty, frequency and presence penalty, top-k, top-p, min-p,
/// temperature. So top-p and min-p cut what is unlikely before the temperature weighs what is left. Hugging Face applies the
/// temperature before top-k: with the same numbers it keeps more tokens if the temperature is above 1, and fewer if it is below.
/// The defaults switch all of it off: greedy choice. Bias and penalties count for greedy choice as well.
public struct Sampling: Hashable, Sendable {
    /// Added to the logits of tokens, before all else: about -100 bans a token and 100 forces it, as with OpenAI; -infinity bans it
    /// for certain. Tokens outside of the vocabulary are refused where the sampling is used.
    public var logitBias: [UInt32: Float]
    /// Divides the logits before the draw; 0 always takes the most likely token.
    public var temperature: Float
    /// Keep the k most likely tokens; 0 for all.
    public var topK: Int
    /// Keep the fewest most likely tokens whose probabilities add up to this (Holtzman et al., arXiv:1904.09751); 1 for all.
    public var topP: Float
    /// Keep the tokens of at least this part of the most likely one's probability (Nguyen et al., arXiv:2407.01082); 0 for all.
    public var minP: Float
    /// Divides positive and multiplies negative logits of the last ``repetitionWindow`` tokens, each once (Keskar et al.,
    /// arXiv:1909.05858, section 4.1); 1 for none.
    public var repetitionPenalty: Float
    /// Subtracted once from the logit of each token that is among the last ``repetitionWindow``; 0 for none, below 0 to favor them.
    public var presencePenalty: Float
    /// Subtracted from the logit of a token as many times as it is among the last ``repetitionWindow``; 0 for none.
    public var frequencyPenalty: Float
    /// The tokens that the three penalties look back to, at most ``repetitionWindowLimit``: the last ones that the session has
    /// consumed, whatever they came from: prompts, with the marks of a chat's template, answers, `Session.feed`, or a saved session.
    /// So does llama.cpp. (Hugging Face's repetition penalty looks back to all; vLLM's presence and frequency penalty to all of the
    /// answer.)
    public var repetitionWindow: Int
    /// The same seed gives the same text for the same model and tokens: the draw at a position depends on nothing else.
    public var seed: UInt64

    /// The longest ``repetitionWindow``: what a session remembers of its tokens.
    public static let repetitionWindowLimit = 4096

    /// By default: always the most likely token.
    public init(
        temperature: Float = 0, topK: Int = 0, topP: Float = 1, minP: Float = 0, repetitionPenalty: Float = 1,
        presencePenalty: Float = 0, frequencyPenalty: Float = 0, repetitionWindow: Int = 64, logitBias: [UInt32: Float] = [:],
        seed: UInt64 = 0
    ) {
        self.logitBias = logitBias
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.repetitionWindow = repetitionWindow
        self.seed = seed
    }

    /// Nil if the options make sense; otherwise a clause that names the one that doesn't.
    public var problem: String? {
        if !(temperature >= 0 && temperature.isFinite) { return "the temperature is \(temperature), not 0 or more" }
        if topK < 0 { return "top-k is \(topK), not 0 or more" }
        if !(topP > 0 && topP <= 1) { return "top-p is \(topP), not above 0 and up to 1" }
        if !(minP >= 0 && minP <= 1) { return "min-p is \(minP), not in 0…1" }
        if !(repetitionPenalty > 0 && repetitionPenalty.isFinite) {
            return "the repetition penalty is \(repetitionPenalty), not a number above 0"
        }
        if !presencePenalty.isFinite { return "the presence penalty is \(presencePenalty), not a finite number" }
        if !frequencyPenalty.isFinite { return "the frequency penalty is \(frequencyPenalty), not a finite number" }
        if !(0...Sampling.repetitionWindowLimit).contains(repetitionWindow) {
            return "the repetition window is \(repetitionWindow), not in 0…\(Sampling.repetitionWindowLimit)"
        }
        // The smallest, so that the same mistake always has the same sentence.
        if let token = logitBias.lazy.filter({ !($0.value < .infinity) }).map(\.key).min() {
            return "the logit bias of token \(token) is \(logitBias[token] ?? .nan), not a finite number or -infinity"
        }
        return nil
    }
}
