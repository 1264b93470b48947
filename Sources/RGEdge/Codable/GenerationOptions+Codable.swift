extension GenerationOptions: Codable {
    /// All but ``cache`` and ``constraint``.
    private enum CodingKeys: String, CodingKey {
        case sampling, maxTokens, stop, asChatTurn, lookup, logprobs
    }

    /// What is missing is as by default; a `maxTokens` of null means no limit. Throws for options that make no sense
    /// (``problem``).
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        sampling = try values.decodeIfPresent(Sampling.self, forKey: .sampling) ?? sampling
        if values.contains(.maxTokens) { maxTokens = try values.decodeIfPresent(Int.self, forKey: .maxTokens) }
        stop = try values.decodeIfPresent([String].self, forKey: .stop) ?? stop
        asChatTurn = try values.decodeIfPresent(Bool.self, forKey: .asChatTurn) ?? asChatTurn
        lookup = try values.decodeIfPresent(Int.self, forKey: .lookup) ?? lookup
        logprobs = try values.decodeIfPresent(Int.self, forKey: .logprobs)
        if let problem { throw DecodingError.senseless(problem, in: decoder) }
    }

    /// All but ``cache`` and ``constraint``; no limit of tokens is a `maxTokens` of null.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(sampling, forKey: .sampling)
        try values.encode(maxTokens, forKey: .maxTokens)
        try values.encode(stop, forKey: .stop)
        try values.encode(asChatTurn, forKey: .asChatTurn)
        try values.encode(lookup, forKey: .lookup)
        try values.encodeIfPresent(logprobs, forKey: .logprobs)
    }
}
