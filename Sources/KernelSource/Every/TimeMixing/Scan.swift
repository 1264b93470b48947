import CSIMD
import KernelTypes

/// See `KernelSet.scan`.
@Sendable func scan(_ operands: Recurrence, _ channels: Range<Int>) {
    for token in 0..<operands.tokens {
        let offset = token * operands.stride
        let starts = operands.startsSequence && token == 0
        forEachVector(in: channels) { first, count in
            let index = offset + first
            let inputGate = sigmoid(load(operands.inputGate + index, count: count))
            let gated = inputGate * load(operands.input + index, count: count)
            var h = gated
            if !starts {
                let recurrentGate = sigmoid(load(operands.recurrentGate + index, count: count))
                let (a, rest) = decayAndRest(load(operands.decay + first, count: count) * recurrentGate)
                // 1 - a² = (1 - a)·(1 + a)
                let root = csimd_sqrt_x16(rest * (broadcast(1) + a))
                h = multiplyAdd(root * gated, a, load(operands.state + first, count: count))
            }
            store(h, operands.state + first, count: count)
            store(h, operands.output + index, count: count)
        }
    }
}
