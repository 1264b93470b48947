import Glibc

/// The distribution over the vocabulary that logits stand for: softmax, in Double, without leaving the logarithm.
struct LogProbabilities {
    private let logits: UnsafeBufferPointer<Float>
    /// log Σ exp(logits), computed around the largest one so that nothing overflows.
    private let logSumExp: Double
    /// The likeliest token; of several the first.
    let best: Int

    /// Keeps the pointer: use it only while the logits exist. They must not be empty.
    init(_ logits: UnsafeBufferPointer<Float>) {
        self.logits = logits
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        let largest = Double(logits[best])
        self.best = best
        logSumExp = largest + log(logits.reduce(0.0) { $0 + exp(Double($1) - largest) })
    }

    /// log p of a token.
    subscript(token: Int) -> Double { Double(logits[token]) - logSumExp }

    /// Kullback-Leibler divergence of `other` from this one: Σ p · (log p - log q), in nats. Both have the same vocabulary.
    func divergence(to other: LogProbabilities) -> Double {
        logits.indices.reduce(0) { sum, token in
            let logP = self[token]
            return sum + exp(logP) * (logP - other[token])
        }
    }
}
