import CSIMD
import Glibc
import KernelTypes

extension ScalarKernels {
    /// See `KernelSet.rmsNorm`.
    @Sendable static func rmsNorm(
        _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int,
        _ epsilon: Float
    ) -> Bool {
        var squares: Float = 0
        for index in 0..<count { squares += input[index] * input[index] }
        let factor = 1 / (squares / Float(count) + epsilon).squareRoot()
        for index in 0..<count { output[index] = input[index] * factor * (1 + weight[index]) }
        return squares.isFinite
    }

    /// See `KernelSet.areFinite`.
    @Sendable static func areFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
        (0..<count).allSatisfy { values[$0].isFinite }
    }

    /// See `KernelSet.multiplyByGELU`.
    @Sendable static func multiplyByGELU(
        _ gate: UnsafePointer<Float>, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        let rootOfTwoOverPi: Float = 0.797_884_560_8
        for index in 0..<count {
            let x = gate[index]
            let gelu = 0.5 * x * (1 + tanhf(rootOfTwoOverPi * (x + 0.044715 * x * x * x)))
            output[index] = gelu * input[index]
        }
    }

    /// See `KernelSet.rotate`.
    @Sendable static func rotate(
        _ heads: UnsafeMutablePointer<Float>, _ count: Int, _ dimension: Int, _ half: Int, _ cosines: UnsafePointer<Float>,
        _ sines: UnsafePointer<Float>, _ scale: Float
    ) {
        for head in 0..<count {
            let values = heads + head * dimension
            for index in 0..<half {
                let (x, y) = (values[index], values[half + index])
                values[index] = x * cosines[index] - y * sines[index]
                values[half + index] = y * cosines[index] + x * sines[index]
            }
            for index in 0..<dimension { values[index] *= scale }
        }
    }

    /// See `KernelSet.narrow`.
    @Sendable static func narrow(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt16>, _ count: Int) -> Int8? {
        let exponent =
            areFinite(input, count)
            ? CacheElement.exponent(largest: (0..<count).reduce(0) { max($0, input[$1].magnitude) }) : nil
        let factor = Float(sign: .plus, exponent: -Int(exponent ?? 0), significand: 1)
        for index in 0..<count { output[index] = csimd_f32_to_f16(input[index] * factor) }
        return exponent
    }

    /// See `KernelSet.softCap`.
    @Sendable static func softCap(_ values: UnsafeMutablePointer<Float>, _ count: Int, _ cap: Float) {
        for index in 0..<count { values[index] = cap * tanhf(values[index] / cap) }
    }
}
