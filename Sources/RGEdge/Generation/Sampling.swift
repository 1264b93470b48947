/// How the next token is chosen from the logits.
///
/// Applied in this order, as in llama.cpp: repetition penalty, top-k, top-p, min-p, temperature. So top-p and min-p cut what the
/// model itself considers unlikely, and the temperature only weighs what is left. Hugging Face applies the temperature before
/// top-k: with the same numbers it keeps more tokens if the temperature is above 1, and fewer if it is below. The defaults switch
/// all of it off: greedy choice.
public struct Sampling: Hashable, Sendable {
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
    /// The tokens that the penalty looks back to, at most ``repetitionWindowLimit``: the last ones that the session has consumed,
    /// whatever they came from: prompts, with the marks of a chat's template, answers, `Session.feed`, or a saved session.
    /// (Hugging Face's penalty looks back to all.)
    public var repetitionWindow: Int
    /// The same seed gives the same text for the same model and tokens: the draw at a position depends on nothing else.
    public var seed: UInt64

    /// The longest ``repetitionWindow``: what a session remembers of its tokens.
    public static let repetitionWindowLimit = 4096

    /// By default: always the most likely token.
    public init(
        temperature: Float = 0, topK: Int = 0, topP: Float = 1, minP: Float = 0, repetitionPenalty: Float = 1,
        repetitionWindow: Int = 64, seed: UInt64 = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
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
        if !(0...Sampling.repetitionWindowLimit).contains(repetitionWindow) {
            return "the repetition window is \(repetitionWindow), not in 0…\(Sampling.repetitionWindowLimit)"
        }
        return nil
    }
}

extension Sampling: Codable {
    /// What is missing is as by default. Throws for options that make no sense (``problem``), so that a file of settings is found
    /// wrong where it is read.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let usual = Sampling()
        temperature = try values.decodeIfPresent(Float.self, forKey: .temperature) ?? usual.temperature
        topK = try values.decodeIfPresent(Int.self, forKey: .topK) ?? usual.topK
        topP = try values.decodeIfPresent(Float.self, forKey: .topP) ?? usual.topP
        minP = try values.decodeIfPresent(Float.self, forKey: .minP) ?? usual.minP
        repetitionPenalty = try values.decodeIfPresent(Float.self, forKey: .repetitionPenalty) ?? usual.repetitionPenalty
        repetitionWindow = try values.decodeIfPresent(Int.self, forKey: .repetitionWindow) ?? usual.repetitionWindow
        seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? usual.seed
        if let problem { throw DecodingError.senseless(problem, in: decoder) }
    }
}
