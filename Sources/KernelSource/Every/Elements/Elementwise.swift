import CSIMD
import KernelTypes

/// See `KernelSet.rmsNorm`.
@Sendable func rmsNorm(
    _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int,
    _ epsilon: Float
) -> Bool {
    var squares = Floats.zero
    forEachVector(in: 0..<count) { first, count in
        let x = load(input + first, count: count)
        squares = multiplyAdd(squares, x, x)
    }
    let sum = csimd_sum_f32_x16(squares)
    let factor = broadcast(1 / (sum / Float(count) + epsilon).squareRoot())
    forEachVector(in: 0..<count) { first, count in
        let scaled = load(input + first, count: count) * factor
        store(multiplyAdd(scaled, scaled, load(weight + first, count: count)), output + first, count: count)
    }
    return sum.isFinite
}

/// See `KernelSet.areFinite`.
@Sendable func areFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool { largestMagnitude(values, count).isFinite }

/// The largest magnitude of some numbers; NaN or infinite if one of them is.
@inline(__always) private func largestMagnitude(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
    var largest = Floats.zero
    forEachVector(in: 0..<count) { first, count in
        largest = csimd_larger_magnitude_x16(largest, load(values + first, count: count))
    }
    return csimd_largest_x16(largest)
}

/// See `KernelSet.multiplyByGELU`. gelu(x) = x/2 · (1 + tanh(u)) = x · sigmoid(2u), with u = sqrt(2/π)·(x + 0.044715·x³).
@Sendable func multiplyByGELU(
    _ gate: UnsafePointer<Float>, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
) {
    let linear = broadcast(1.595_769_12)
    let cubic = broadcast(1.595_769_12 * 0.044_715)
    forEachVector(in: 0..<count) { first, count in
        let x = load(gate + first, count: count)
        let twiceU = x * multiplyAdd(linear, cubic, x * x)
        let gelu = x / (broadcast(1) + exponential(broadcast(0) - twiceU))
        store(gelu * load(input + first, count: count), output + first, count: count)
    }
}

/// See `KernelSet.softCap`.
@Sendable func softCap(_ values: UnsafeMutablePointer<Float>, _ count: Int, _ cap: Float) {
    forEachVector(in: 0..<count) { first, count in
        let x = load(values + first, count: count)
        store(tanh(x / broadcast(cap)) * broadcast(cap), values + first, count: count)
    }
}

/// See `KernelSet.rotate`.
@Sendable func rotate(
    _ heads: UnsafeMutablePointer<Float>, _ count: Int, _ dimension: Int, _ half: Int, _ cosines: UnsafePointer<Float>,
    _ sines: UnsafePointer<Float>, _ scale: Float
) {
    let factor = broadcast(scale)
    for head in 0..<count {
        let values = heads + head * dimension
        forEachVector(in: 0..<half) { first, count in
            let x = load(values + first, count: count)
            let y = load(values + half + first, count: count)
            let cosine = load(cosines + first, count: count)
            let sine = load(sines + first, count: count)
            store((x * cosine - y * sine) * factor, values + first, count: count)
            store((y * cosine + x * sine) * factor, values + half + first, count: count)
        }
        forEachVector(in: 2 * half..<dimension) { first, count in
            store(load(values + first, count: count) * factor, values + first, count: count)
        }
    }
}

/// See `KernelSet.narrow`.
@Sendable func narrow(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<UInt16>, _ count: Int) -> Int8? {
    let exponent = CacheElement.exponent(largest: largestMagnitude(input, count))
    let factor = RowFloats(repeating: powerOfTwo(-Int(exponent ?? 0)))
    var first = 0
    while first + rowLanes <= count {
        let values = UnsafeRawPointer(input + first).loadUnaligned(as: RowFloats.self)
        UnsafeMutableRawPointer(output + first).storeBytes(of: narrow(values * factor), as: RowHalves.self)
        first += rowLanes
    }
    if first < count {
        let halves = narrow(loadRows(input + first, count: count - first) * factor)
        for lane in 0..<count - first { output[first + lane] = halves[lane] }
    }
    return exponent
}
