extension Sampling: Codable {
    private enum CodingKeys: String, CodingKey {
        case temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty, repetitionWindow, logitBias, seed
    }

    /// The bias of a token in a file of settings: a number, or `false` for -infinity, which JSON doesn't have, as in requests to
    /// llama.cpp's server.
    private struct Bias: Codable {
        let value: Float

        init(_ value: Float) { self.value = value }

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            guard let isAllowed = try? single.decode(Bool.self) else {
                value = try single.decode(Float.self)
                return
            }
            guard !isAllowed else { throw DecodingError.senseless("a logit bias is true, not a number or false", in: decoder) }
            value = -.infinity
        }

        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            if value == -.infinity {
                try single.encode(false)
            } else {
                try single.encode(value)
            }
        }
    }

    /// What is missing is as by default; `logitBias` is an object of tokens and numbers, or `false` for -infinity. Throws for options
    /// that make no sense (``problem``), so that a file of settings is found wrong where it is read.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        temperature = try values.decodeIfPresent(Float.self, forKey: .temperature) ?? temperature
        topK = try values.decodeIfPresent(Int.self, forKey: .topK) ?? topK
        topP = try values.decodeIfPresent(Float.self, forKey: .topP) ?? topP
        minP = try values.decodeIfPresent(Float.self, forKey: .minP) ?? minP
        repetitionPenalty = try values.decodeIfPresent(Float.self, forKey: .repetitionPenalty) ?? repetitionPenalty
        presencePenalty = try values.decodeIfPresent(Float.self, forKey: .presencePenalty) ?? presencePenalty
        frequencyPenalty = try values.decodeIfPresent(Float.self, forKey: .frequencyPenalty) ?? frequencyPenalty
        repetitionWindow = try values.decodeIfPresent(Int.self, forKey: .repetitionWindow) ?? repetitionWindow
        // Only dictionaries with keys of this type, and of strings, are objects in JSON.
        for (key, bias) in try values.decodeIfPresent([Int: Bias].self, forKey: .logitBias) ?? [:] {
            guard let token = UInt32(exactly: key) else {
                throw DecodingError.senseless("the logit bias has a token \(key), which is none", in: decoder)
            }
            logitBias[token] = bias.value
        }
        seed = try values.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
        if let problem { throw DecodingError.senseless(problem, in: decoder) }
    }

    /// All of it.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(temperature, forKey: .temperature)
        try values.encode(topK, forKey: .topK)
        try values.encode(topP, forKey: .topP)
        try values.encode(minP, forKey: .minP)
        try values.encode(repetitionPenalty, forKey: .repetitionPenalty)
        try values.encode(presencePenalty, forKey: .presencePenalty)
        try values.encode(frequencyPenalty, forKey: .frequencyPenalty)
        try values.encode(repetitionWindow, forKey: .repetitionWindow)
        let bias = logitBias.map { (Int($0.key), Bias($0.value)) }
        try values.encode(Dictionary(uniqueKeysWithValues: bias), forKey: .logitBias)
        try values.encode(seed, forKey: .seed)
    }
}
