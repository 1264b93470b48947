import ArgumentParser
import RGEdge

/// How the next token is chosen.
struct SamplingArguments: ParsableArguments {
    @Option(
        name: [.long, .customLong("temp")], parsing: .unconditional,
        help: ArgumentHelp(
            "Randomness: 0 takes the likeliest token each time, 1 is the model's own distribution. Applied to what "
                + "--logit-bias, the penalties, --top-k, --top-p and --min-p, in this order, leave, as in llama.cpp; Hugging Face "
                + "applies it before --top-k. "
                + "(default: 0; 0.8 where one of --top-k, --top-p, --min-p, --seed is given; a chat has its own for all four)",
            valueName: "number"))
    var temperature: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Choose only among this many tokens, the likeliest.", valueName: "count"))
    var topK: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Choose among the likeliest tokens that together have this probability.", valueName: "number"))
    var topP: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Choose among tokens with at least this fraction of the likeliest one's probability.", valueName: "number"))
    var minP: Float?

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("Same seed, same text. (default: a random one; --timings and --json show it)", valueName: "number"))
    var seed: UInt64?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Above 1, makes tokens of --repetition-window less likely to come again: positive logits are divided by it, negative "
                + "ones multiplied. (default: 1)",
            valueName: "number"))
    var repetitionPenalty: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Taken from the logits of the tokens in --repetition-window, once for each token; below 0 favors them.",
            valueName: "number"))
    var presencePenalty: Float = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Taken from the logit of a token each time that it is in --repetition-window; below 0 favors it.", valueName: "number"))
    var frequencyPenalty: Float = 0

    @Option(
        name: [.customShort("l"), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Add to the logit of a token: 1234+1 makes token 1234 likelier, 1234-1 less likely, 1234-inf bans it; may be given "
                + "several times. 'rg-edge tokenize' shows tokens.",
            valueName: "token±bias"))
    var logitBias: [LogitBias] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The last tokens that the penalties count, including those of the prompt and of the conversation before it; "
                + "0 to \(Sampling.repetitionWindowLimit).",
            valueName: "count"))
    var repetitionWindow = Sampling().repetitionWindow

    func validate() throws {
        if let temperature, !(temperature >= 0 && temperature.isFinite) {
            throw ValidationError("--temperature must be 0 or more, not \(temperature)")
        }
        if let topK, topK < 0 { throw ValidationError("--top-k must be 1 or more, or 0 for all, not \(topK)") }
        if let topP, !(topP > 0 && topP <= 1) { throw ValidationError("--top-p must be above 0 and at most 1, not \(topP)") }
        if let minP, !(minP >= 0 && minP <= 1) { throw ValidationError("--min-p must be 0 to 1, not \(minP)") }
        if let seed, Int64(exactly: seed) == nil { throw ValidationError("--seed must be below 2^63, not \(seed)") }
        if let repetitionPenalty, !(repetitionPenalty > 0 && repetitionPenalty.isFinite) {
            throw ValidationError("--repetition-penalty must be above 0, not \(repetitionPenalty)")
        }
        if !presencePenalty.isFinite { throw ValidationError("--presence-penalty must be a finite number, not \(presencePenalty)") }
        if !frequencyPenalty.isFinite {
            throw ValidationError("--frequency-penalty must be a finite number, not \(frequencyPenalty)")
        }
        var biased: Set<UInt32> = []
        if let twice = logitBias.first(where: { !biased.insert($0.token).inserted }) {
            throw ValidationError("--logit-bias has token \(twice.token) twice; give it one bias")
        }
        let limit = Sampling.repetitionWindowLimit
        if !(0...limit).contains(repetitionWindow) {
            throw ValidationError("--repetition-window must be 0 to \(limit), not \(repetitionWindow)")
        }
    }

    /// The settings for one generation, with a random seed unless one was given. What was not given is as `usual` has it; without
    /// that, the likeliest token is taken each time unless something is given that makes sense for a draw only.
    func sampling(usual: Sampling?) -> Sampling {
        var sampling = usual ?? Sampling()
        if usual == nil, topK != nil || topP != nil || minP != nil || seed != nil {
            sampling.temperature = Sampling.usual.temperature
        }
        if let temperature { sampling.temperature = temperature }
        if let topK { sampling.topK = topK }
        if let topP { sampling.topP = topP }
        if let minP { sampling.minP = minP }
        if let repetitionPenalty { sampling.repetitionPenalty = repetitionPenalty }
        sampling.presencePenalty = presencePenalty
        sampling.frequencyPenalty = frequencyPenalty
        sampling.repetitionWindow = repetitionWindow
        for bias in logitBias { sampling.logitBias[bias.token] = bias.value }
        sampling.seed = seed ?? Sampling.shortSeed()
        return sampling
    }
}

extension Sampling {
    /// A random seed that is short enough to be typed again.
    static func shortSeed() -> UInt64 { UInt64.random(in: 0...UInt64(UInt32.max)) }
}
