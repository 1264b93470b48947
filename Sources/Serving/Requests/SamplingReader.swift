import JSON
import RGEdge

extension Fields {
    /// How tokens are chosen where a request doesn't say: as llama.cpp's server does.
    static let usualSampling = Sampling.usual

    /// The sampling that OpenAI's members, and llama.cpp's beside them, ask for. Without a seed, one is drawn.
    func sampling(of model: Model) throws(APIError) -> (sampling: Sampling, hasSeed: Bool) {
        var sampling = Self.usualSampling
        if let temperature = try number("temperature", 0...100) { sampling.temperature = temperature }
        if let topP = try number("top_p", 0...1) {
            // 0 keeps the likeliest alone, as do peers; our own sampling has a temperature for that.
            sampling.topP = max(topP, .leastNormalMagnitude)
        }
        if let topK = try integer("top_k", -1...(1 << 30)) { sampling.topK = max(0, topK) }
        if let minP = try number("min_p", 0...1) { sampling.minP = minP }
        if let penalty = try number("presence_penalty", -100...100) { sampling.presencePenalty = penalty }
        if let penalty = try number("frequency_penalty", -100...100) { sampling.frequencyPenalty = penalty }
        let repetition = try Fields.first(number("repeat_penalty", 0.01...100), number("repetition_penalty", 0.01...100))
        if let repetition { sampling.repetitionPenalty = repetition }
        if let window = try integer("repeat_last_n", -1...Sampling.repetitionWindowLimit) {
            sampling.repetitionWindow = window < 0 ? Sampling.repetitionWindowLimit : window
        }
        sampling.logitBias = try logitBias(vocabulary: model.configuration.vocabularySize)
        if try bool("ignore_eos") == true { for end in model.endTokens { sampling.logitBias[end] = -.infinity } }
        let seed = try integer("seed", .min ... .max)
        // -1 is llama.cpp's word for none.
        sampling.seed = seed.map { UInt64(bitPattern: Int64($0)) } ?? UInt64.random(in: 0...UInt64(UInt32.max))
        return (sampling, seed != nil && seed != -1)
    }

    /// OpenAI's object, by tokens as text; llama.cpp's array of pairs also has false for never.
    private func logitBias(vocabulary: Int) throws(APIError) -> [UInt32: Float] {
        var bias: [UInt32: Float] = [:]
        func add(_ token: Int?, _ value: JSONValue) throws(APIError) {
            if value.doubleValue == 0 { return }
            guard let token, (0..<vocabulary).contains(token) else {
                throw .wrong(path("logit_bias"), "names a token outside the vocabulary of \(vocabulary)")
            }
            if case .bool(false) = value {
                bias[UInt32(token)] = -.infinity
            } else if let number = value.doubleValue, (-1000...1000).contains(number) {
                // OpenAI says that -100 bans for certain, which a small model's logits alone would not bear out.
                bias[UInt32(token)] = number <= -100 ? -.infinity : Float(number)
            } else {
                throw .wrong(path("logit_bias"), "has a bias that is not a number in -100…100")
            }
        }
        switch self["logit_bias"] {
        case nil: break
        case .object(let object): for member in object.members { try add(Int(member.key), member.value) }
        case .array(let pairs):
            for pair in pairs {
                guard case .array(let pair) = pair, pair.count == 2 else {
                    throw .wrong(path("logit_bias"), "has an element that is no pair of a token and a bias")
                }
                try add(pair[0].intValue, pair[1])
            }
        default: throw .wrong(path("logit_bias"), "is not an object of tokens and biases")
        }
        return bias
    }

    /// Tokens of an answer at most; nil for as many as usual. OpenAI has two names for it, of which the newer counts first; -1 is
    /// llama.cpp's word for no limit.
    func maxTokens() throws(APIError) -> Int? {
        let newer = try integer("max_completion_tokens", 0...(1 << 40)), older = try integer("max_tokens", -1...(1 << 40))
        return (newer ?? older).flatMap { $0 < 0 ? nil : $0 }
    }

    /// Texts that end an answer: up to 4 with OpenAI; more are no harm.
    func stops() throws(APIError) -> [String] {
        let stops = try strings("stop") ?? []
        guard stops.count <= 16, stops.allSatisfy({ $0.utf8.count <= 1024 }) else {
            throw .wrong(path("stop"), "has more than 16 texts, or one of more than 1,024 bytes")
        }
        return stops.filter { !$0.isEmpty }
    }

    /// Answers to make.
    func choiceCount() throws(APIError) -> Int { try integer("n", 1...16) ?? 1 }
}
