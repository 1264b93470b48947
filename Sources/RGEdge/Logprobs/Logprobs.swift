/// The distribution over the vocabulary that logits stand for, as natural logarithms of probabilities: log softmax, in Double,
/// computed around the largest logit so that nothing overflows.
///
/// The sum is of eight lanes on every machine, and all arithmetic is that of IEEE 754, so the bits depend on the logits alone.
/// Allocates nothing.
struct Logprobs {
    private let logits: UnsafeBufferPointer<Float>
    private let largest: Float
    /// log Σ exp(logit - largest)
    private let logSum: Double

    /// Keeps the pointer: use it only while the logits exist. A NaN counts as -infinity. [vocabulary]
    init(_ logits: UnsafeBufferPointer<Float>) {
        self.logits = logits
        var largest = -Float.infinity
        for logit in logits where logit > largest { largest = logit }
        self.largest = largest
        logSum = naturalLogarithm(Self.sum(logits, largest))
    }

    /// Σ exp(logit - largest), 1 or more if one is a number.
    private static func sum(_ logits: UnsafeBufferPointer<Float>, _ largest: Float) -> Double {
        guard let start = logits.baseAddress, largest.isFinite else { return 1 }
        let bytes = UnsafeRawPointer(start), lanes = SIMD8<Float>.scalarCount
        let center = SIMD8(repeating: Double(largest))
        var sums = SIMD8<Double>.zero
        var index = 0
        while index + lanes <= logits.count {
            let some = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Float>.stride, as: SIMD8<Float>.self)
            sums += exponential(SIMD8<Double>(some) - center)
            index += lanes
        }
        var rest = SIMD8<Double>(repeating: -.infinity)
        for lane in 0..<logits.count - index { rest[lane] = Double(logits[index + lane]) }
        sums += exponential(rest - center)
        return sums.sum()
    }

    /// log p of a token of the vocabulary.
    subscript(token: UInt32) -> Float {
        let logit = logits[Int(token)]
        // Also where it is infinite.
        return Float((logit == largest ? 0 : Double(logit) - Double(largest)) - logSum)
    }

    /// The `count` most likely tokens, most likely first; of tokens that are equally likely, smaller ones first.
    func top(_ count: Int) -> [TokenLogprob] {
        guard count > 0 else { return [] }
        var best: [UInt32] = []
        best.reserveCapacity(count + 1)
        var least = -Float.infinity
        for index in logits.indices where logits[index] > least {
            let logit = logits[index]
            best.insert(UInt32(truncatingIfNeeded: index), at: best.firstIndex { logits[Int($0)] < logit } ?? best.count)
            if best.count > count { best.removeLast() }
            if best.count == count, let last = best.last { least = logits[Int(last)] }
        }
        return best.map { TokenLogprob(token: $0, logprob: self[$0]) }
    }
}
