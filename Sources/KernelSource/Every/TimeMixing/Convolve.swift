import KernelTypes

/// See `KernelSet.convolve`.
@Sendable func convolve(_ operands: Convolution, _ channels: Range<Int>) {
    let width = operands.width

    /// The input of a token of the chunk, or of one of the three tokens before it: -3…-1.
    @inline(__always) func input(_ token: Int) -> UnsafePointer<Float> {
        token < 0 ? UnsafePointer(operands.history + (3 + token) * width) : operands.input + token * operands.stride
    }

    for token in 0..<operands.tokens {
        let (oldest, older, old, newest) = (input(token - 3), input(token - 2), input(token - 1), input(token))
        let output = operands.output + token * operands.stride
        let taps = operands.taps
        forEachVector(in: channels) { first, count in
            var value = load(operands.bias + first, count: count)
            value = multiplyAdd(value, load(taps + first, count: count), load(oldest + first, count: count))
            value = multiplyAdd(value, load(taps + width + first, count: count), load(older + first, count: count))
            value = multiplyAdd(value, load(taps + 2 * width + first, count: count), load(old + first, count: count))
            value = multiplyAdd(value, load(taps + 3 * width + first, count: count), load(newest + first, count: count))
            store(value, output + first, count: count)
        }
    }
    // Oldest first: what moves within the history moves towards its start.
    for index in 0..<3 {
        let source = input(operands.tokens - 3 + index)
        let target = operands.history + index * width
        forEachVector(in: channels) { first, count in store(load(source + first, count: count), target + first, count: count) }
    }
}
