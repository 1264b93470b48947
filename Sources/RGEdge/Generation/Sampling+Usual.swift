import Griffin

extension Sampling {
    /// What conversations are sampled with where nobody says otherwise: as with llama.cpp.
    package static let usual = Sampling(temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05)

    /// What a model's makers sample it with. Where they leave something out, what transformers takes for it counts, if they sample
    /// at all: temperature 1, the 50 likeliest tokens.
    init(_ published: PublishedSampling) {
        guard published.isSampled != false else {
            self.init()
            return
        }
        self.init(temperature: published.temperature ?? 1, topK: published.topK ?? 50, topP: published.topP ?? 1)
    }
}
