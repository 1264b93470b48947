import CRGEdge
import RGEdge

/// How tokens are to be chosen, as a caller hands it over, in its memory.
struct CallerSampling {
    private let sampling: rg_sampling
    private let bias: UnsafeBufferPointer<rg_logit_bias>

    /// Tokens with a bias that fit what every call may take without asking.
    private static let smallCount = 1000
    /// Bytes that a token with a bias takes in a dictionary while that grows.
    private static let bytesPerBias = 80

    /// Throws for pointers that are NULL, and sizes beyond any memory. Allocates nothing.
    init(_ pointer: UnsafePointer<rg_sampling>?, _ name: String) throws(Failure) {
        sampling = try SizedStruct.read(pointer, name)
        bias = try buffer(sampling.logit_bias, sampling.logit_bias_count, "logit_bias")
    }

    /// That inside another struct, which can't grow.
    init(_ old: rg_sampling_v1) throws(Failure) {
        let size = MemoryLayout<rg_sampling_v1>.stride
        guard old.struct_size == size else {
            throw Failure(
                RG_ERROR_VERSION,
                "struct_size of options.sampling is \(UInt(bitPattern: old.struct_size)), not \(size); "
                    + "begin with RG_GENERATE_OPTIONS_INIT")
        }
        sampling = rg_sampling(
            struct_size: size, temperature: old.temperature, top_k: old.top_k, top_p: old.top_p, min_p: old.min_p,
            repetition_penalty: old.repetition_penalty, repetition_window: old.repetition_window, seed: old.seed,
            presence_penalty: 0, frequency_penalty: 0, logit_bias: nil, logit_bias_count: 0)
        bias = UnsafeBufferPointer(start: nil, count: 0)
    }

    /// Bytes that a copy takes; `.max` for more than there can be.
    var byteCount: Int {
        let (bytes, overflow) = bias.count.multipliedReportingOverflow(by: Self.bytesPerBias)
        return overflow ? .max : bytes
    }

    /// A copy. Throws for a token that has a bias twice.
    func copy() throws(Failure) -> Sampling {
        var copy = Sampling(
            temperature: sampling.temperature, topK: Int(sampling.top_k), topP: sampling.top_p, minP: sampling.min_p,
            repetitionPenalty: sampling.repetition_penalty, presencePenalty: sampling.presence_penalty,
            frequencyPenalty: sampling.frequency_penalty, repetitionWindow: Int(sampling.repetition_window), seed: sampling.seed)
        guard !bias.isEmpty else { return copy }
        copy.logitBias.reserveCapacity(bias.count)
        for entry in bias {
            guard copy.logitBias.updateValue(entry.bias, forKey: entry.token) == nil else {
                throw .argument("token \(entry.token) is in logit_bias twice; give it one bias")
            }
        }
        return copy
    }

    /// Runs `body` with a copy, and with memory for that.
    func withCopy(_ body: (Sampling) throws(Failure) -> Void) throws(Failure) {
        guard bias.count > Self.smallCount else { return try body(copy()) }
        try Headroom.with(byteCount, for: "for the logit bias of \(bias.count) tokens") { () throws(Failure) in
            try body(copy())
        }
    }
}
