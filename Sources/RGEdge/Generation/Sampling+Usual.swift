import Griffin

extension Sampling {
    /// What conversations are sampled with where nobody says otherwise: as with llama.cpp.
    package static let usual = Sampling(temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05)

    /// What a model's makers sample it with. Of the numbers that they leave out, transformers' count: temperature 1, the 50 likeliest
    /// tokens. Who gives numbers without saying `do_sample` means them to be used, though transformers would not.
    init(_ published: PublishedSampling) {
        guard published.isSampled != false else {
            self.init()
            return
        }
        self.init(temperature: published.temperature ?? 1, topK: published.topK ?? 50, topP: published.topP ?? 1)
    }
}
