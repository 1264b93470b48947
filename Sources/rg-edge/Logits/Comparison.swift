import CommandSupport
import Glibc
import JSON
import RGEdge
import System

/// How likely a text is under a model and, if there is a reference, how far the model's predictions are from the reference's.
struct Comparison {
    private let session: Session
    private let reference: Session?
    /// Tokens to add at once, which are fed together.
    let slice: Int
    /// The token before those that come next.
    private var previous: UInt32
    /// Those of the reference, for ``slice`` tokens.
    private let referenceLogits: Logits?

    /// [slice × vocabulary]
    private final class Logits {
        let start: UnsafeMutablePointer<Float>

        /// Nil if the system has no memory for them.
        init?(count: Int) {
            guard let start = SystemMemory.zeroed(Float.self, count: count) else { return nil }
            self.start = start
        }

        deinit { free(start) }
    }

    private var tokenCount = 0
    /// Sums over all tokens, in nats.
    private var negativeLogLikelihood = 0.0
    private var referenceNegativeLogLikelihood = 0.0
    private var divergence = 0.0
    private var sameBest = 0

    /// Nothing measured yet. Throws if there is no memory.
    init(model: Model, reference: Model?) throws(ModelError) {
        session = try model.makeSession()
        self.reference = try reference?.makeSession()
        previous = model.configuration.bos
        // A reference's logits are kept: 33 MB for 32 tokens of a vocabulary of 256,000.
        slice = reference == nil ? 512 : 32
        referenceLogits = reference == nil ? nil : Logits(count: slice * model.configuration.vocabularySize)
        guard reference == nil || referenceLogits != nil else { throw .noMemory(forLogitsOf: slice) }
    }

    /// Begins a chunk of text, which follows <bos> and nothing else.
    mutating func beginChunk() {
        session.reset()
        reference?.reset()
        previous = session.model.configuration.bos
    }

    /// Measures the next tokens of a chunk, at most ``slice``. Throws ``ModelError/Kind/cancelled`` if `isCancelled`, which is asked
    /// before each pass, says so; then nothing more can be measured.
    mutating func add(_ targets: [UInt32], isCancelled: () -> Bool) throws(ModelError) {
        guard let last = targets.last else { return }
        // The logits after each token foretell the next one.
        let inputs = [previous] + targets.dropLast()
        previous = last
        guard let reference, let rows = referenceLogits?.start else {
            return try session.feed(
                inputs,
                eachLogits: { index, logits in add(LogProbabilities(logits), target: Int(targets[index])) },
                isCancelled: isCancelled)
        }
        let vocabulary = reference.model.configuration.vocabularySize
        try reference.feed(
            inputs,
            eachLogits: { index, logits in
                if let start = logits.baseAddress { (rows + index * vocabulary).update(from: start, count: vocabulary) }
            },
            isCancelled: isCancelled)
        try session.feed(
            inputs,
            eachLogits: { index, logits in
                let row = UnsafeBufferPointer(start: rows + index * vocabulary, count: vocabulary)
                add(LogProbabilities(logits), reference: LogProbabilities(row), target: Int(targets[index]))
            },
            isCancelled: isCancelled)
    }

    private mutating func add(_ prediction: LogProbabilities, target: Int) {
        tokenCount += 1
        negativeLogLikelihood -= prediction[target]
    }

    private mutating func add(_ prediction: LogProbabilities, reference: LogProbabilities, target: Int) {
        add(prediction, target: target)
        referenceNegativeLogLikelihood -= reference[target]
        divergence += reference.divergence(to: prediction)
        sameBest += reference.best == prediction.best ? 1 : 0
    }

    private func mean(_ sum: Double) -> Double { sum / Double(tokenCount) }
    private var perplexity: Double { exp(mean(negativeLogLikelihood)) }
    private var referencePerplexity: Double { exp(mean(referenceNegativeLogLikelihood)) }

    /// False if a model gave logits that are not numbers.
    var isNumber: Bool { !negativeLogLikelihood.isNaN && !divergence.isNaN }

    /// The figures for people, a line or two.
    var lines: String {
        let own = "perplexity \(Format.fixed(perplexity, digits: 4)) over \(tokenCount == 1 ? "1 token" : "\(tokenCount) tokens")"
        guard reference != nil else { return own + "\n" }
        return own + "; of the reference \(Format.fixed(referencePerplexity, digits: 4))\n"
            + "KL divergence \(Format.short(mean(divergence))) nats per token; "
            + "same likeliest token \(Format.fixed(mean(Double(sameBest)) * 100, digits: 2)) %\n"
    }

    /// The same for programs.
    var json: JSONValue {
        var figures: JSONObject = JSONObject()
        figures["tokens"] = .integer(Int64(tokenCount))
        figures["perplexity"] = .real(perplexity)
        if reference != nil {
            figures["reference_perplexity"] = .real(referencePerplexity)
            figures["kl_divergence"] = .real(mean(divergence))
            figures["same_likeliest_token"] = .real(mean(Double(sameBest)))
        }
        return .object(figures)
    }
}
