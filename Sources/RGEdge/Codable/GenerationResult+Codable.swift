/// Times are coded as seconds.
extension GenerationResult: Codable {
    private enum CodingKeys: String, CodingKey {
        case finish, promptTokens, reusedTokens, generatedTokens, forcedTokens, draftedTokens, acceptedTokens, prefillTime,
            decodeTime
    }

    /// Throws if something is missing, except for ``forcedTokens``, which older programs don't write.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func time(_ key: CodingKeys) throws -> Duration {
            guard let time = try values.decodeSeconds(forKey: key) else {
                throw DecodingError.keyNotFound(
                    key, DecodingError.Context(codingPath: values.codingPath, debugDescription: "no time"))
            }
            return time
        }
        self.init(
            finish: try values.decode(Finish.self, forKey: .finish),
            promptTokens: try values.decode(Int.self, forKey: .promptTokens),
            reusedTokens: try values.decode(Int.self, forKey: .reusedTokens),
            generatedTokens: try values.decode(Int.self, forKey: .generatedTokens),
            forcedTokens: try values.decodeIfPresent(Int.self, forKey: .forcedTokens) ?? 0,
            draftedTokens: try values.decode(Int.self, forKey: .draftedTokens),
            acceptedTokens: try values.decode(Int.self, forKey: .acceptedTokens),
            prefillTime: try time(.prefillTime), decodeTime: try time(.decodeTime))
    }

    /// All of it.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(finish, forKey: .finish)
        try values.encode(promptTokens, forKey: .promptTokens)
        try values.encode(reusedTokens, forKey: .reusedTokens)
        try values.encode(generatedTokens, forKey: .generatedTokens)
        try values.encode(forcedTokens, forKey: .forcedTokens)
        try values.encode(draftedTokens, forKey: .draftedTokens)
        try values.encode(acceptedTokens, forKey: .acceptedTokens)
        try values.encodeSeconds(prefillTime, forKey: .prefillTime)
        try values.encodeSeconds(decodeTime, forKey: .decodeTime)
    }
}
