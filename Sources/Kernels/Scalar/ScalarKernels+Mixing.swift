import CSIMD
import Glibc
import KernelTypes

extension ScalarKernels {
    /// See `KernelSet.convolve`.
    @Sendable static func convolve(_ operands: Convolution, _ channels: Range<Int>) {
        let width = operands.width
        for channel in channels {
            /// The channel's input of a token of the chunk, or of one of the three tokens before it: -3…-1.
            func input(_ token: Int) -> Float {
                token < 0 ? operands.history[(3 + token) * width + channel] : operands.input[token * operands.stride + channel]
            }
            for token in 0..<operands.tokens {
                var value = operands.bias[channel]
                for tap in 0..<4 { value += operands.taps[tap * width + channel] * input(token - 3 + tap) }
                operands.output[token * operands.stride + channel] = value
            }
            let last = operands.tokens
            let (oldest, middle, newest) = (input(last - 3), input(last - 2), input(last - 1))
            operands.history[channel] = oldest
            operands.history[width + channel] = middle
            operands.history[2 * width + channel] = newest
        }
    }

    /// See `KernelSet.scan`.
    @Sendable static func scan(_ operands: Recurrence, _ channels: Range<Int>) {
        for token in 0..<operands.tokens {
            for channel in channels {
                let index = token * operands.stride + channel
                let logA = operands.decay[channel] * sigmoid(operands.recurrentGate[index])
                let gated = sigmoid(operands.inputGate[index]) * operands.input[index]
                let h =
                    operands.startsSequence && token == 0
                    ? gated : expf(logA) * operands.state[channel] + (-expm1f(2 * logA)).squareRoot() * gated
                operands.state[channel] = h
                operands.output[index] = h
            }
        }
    }

    private static func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }

    /// See `KernelSet.scratchCount`: the scores of 16 heads, and the weights that are made of them.
    @Sendable static func scratchCount(_ dimension: Int, _ window: Int) -> Int { 2 * 16 * window }

    /// See `KernelSet.attend`.
    @Sendable static func attend(
        _ operands: LocalAttention, _ tokens: Range<Int>, _ heads: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
    ) {
        for token in tokens {
            for head in heads {
                let attention = SharedAttention(operands, token: token, heads: head..<head + 1, scratch: scratch)
                for step in SharedAttention.Step.allCases {
                    let parts = SharedAttention.parts(of: step, keys: attention.keyCount, dimension: operands.dimension)
                    attendTogether(attention, step, 0..<parts, true, scratch)
                }
            }
        }
    }

    /// See `KernelSet.attendTogether`.
    @Sendable static func attendTogether(
        _ attention: SharedAttention, _ step: SharedAttention.Step, _ parts: Range<Int>, _ isFirst: Bool,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        let operands = attention.operands, dimension = operands.dimension, token = attention.token
        let first = operands.firstKey(ofToken: token), count = attention.keyCount
        let elements = attention.elements(of: step, parts)
        for (number, head) in attention.heads.enumerated() {
            let query = operands.queries + token * operands.queryStride + head * dimension
            let output = operands.output + token * operands.outputStride + head * dimension
            let scores = attention.scratch + number * operands.window
            let weights = attention.scratch + (16 + number) * operands.window
            switch step {
            case .scores:
                for number in elements {
                    let key = operands.key(first + Int64(number))
                    var score: Float = 0
                    for index in 0..<dimension { score += query[index] * operands.number(key, index) }
                    scores[number] = score * key.factor
                }
            case .weights:
                guard !elements.isEmpty else { continue }
                var largest = -Float.infinity
                for number in 0..<count { largest = max(largest, scores[number]) }
                for number in elements { weights[number] = expf(scores[number] - largest) }
            case .output:
                var sum: Float = 0
                for number in 0..<count { sum += weights[number] }
                for index in elements {
                    var mixed: Float = 0
                    for number in 0..<count {
                        let value = operands.value(first + Int64(number))
                        mixed += weights[number] * value.factor * operands.number(value, index)
                    }
                    output[index] = mixed / sum
                }
            }
        }
    }
}

/// A key or a value as it is stored.
private struct StoredVector {
    let numbers: UnsafeRawPointer
    /// What the numbers are to be multiplied by.
    let factor: Float
}

extension LocalAttention {
    /// The key at a position that is seen.
    fileprivate func key(_ position: Int64) -> StoredVector { vector(position, ringKeys, chunkKeys) }

    /// The value at a position that is seen.
    fileprivate func value(_ position: Int64) -> StoredVector { vector(position, ringValues, chunkValues) }

    private func vector(_ position: Int64, _ ring: CachedVectors, _ chunk: CachedVectors) -> StoredVector {
        let (vectors, place) =
            position < self.position ? (ring, Int(position % Int64(window))) : (chunk, Int(position - self.position))
        return StoredVector(
            numbers: vectors.numbers + place * dimension * element.bytes,
            factor: Float(sign: .plus, exponent: Int(vectors.exponents[place]), significand: 1))
    }

    /// Number `index` of a key or value.
    fileprivate func number(_ vector: StoredVector, _ index: Int) -> Float {
        switch element {
        case .f16: csimd_f16_to_f32(vector.numbers.load(fromByteOffset: 2 * index, as: UInt16.self))
        case .f32: vector.numbers.load(fromByteOffset: 4 * index, as: Float.self)
        }
    }
}
