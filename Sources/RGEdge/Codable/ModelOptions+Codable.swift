/// Times are coded as seconds.
extension Model.Options: Codable {
    private enum CodingKeys: String, CodingKey {
        case threads, kernels, verify, preload, lockMemory, residency, latency, guardFile
    }

    /// What is missing is as by default. Whether this machine has so many threads, or such kernels, is found at open.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        threads = try values.decodeIfPresent(Int.self, forKey: .threads)
        kernels = try values.decodeIfPresent(String.self, forKey: .kernels)
        verify = try values.decodeIfPresent(Bool.self, forKey: .verify) ?? verify
        preload = try values.decodeIfPresent(Bool.self, forKey: .preload) ?? preload
        lockMemory = try values.decodeIfPresent(Bool.self, forKey: .lockMemory) ?? lockMemory
        residency = try values.decodeIfPresent(Residency.self, forKey: .residency) ?? residency
        latency = try values.decodeSeconds(forKey: .latency) ?? latency
        guardFile = try values.decodeIfPresent(Bool.self, forKey: .guardFile) ?? guardFile
    }

    /// All of them; what is left to the model is missing.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(threads, forKey: .threads)
        try values.encodeIfPresent(kernels, forKey: .kernels)
        try values.encode(verify, forKey: .verify)
        try values.encode(preload, forKey: .preload)
        try values.encode(lockMemory, forKey: .lockMemory)
        try values.encode(residency, forKey: .residency)
        try values.encodeSeconds(latency, forKey: .latency)
        try values.encode(guardFile, forKey: .guardFile)
    }
}
