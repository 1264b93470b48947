import Tiles

extension ScalarKernels {
    /// See `KernelSet.arithmeticPeak`: what plain Swift gets from numbers that lie in the first cache.
    @Sendable static func arithmeticPeak(_ type: WeightType, _ rounds: Int) -> Int {
        type.isBlockQuantized ? integerPeak(rounds) : floatPeak(rounds)
    }

    private static func integerPeak(_ rounds: Int) -> Int {
        peak(of: Int8(3), rounds) { weights, activations, count in
            var sum: Int32 = 0
            for index in 0..<count { sum &+= Int32(weights[index]) &* Int32(activations[index]) }
            return sum != 0
        }
    }

    private static func floatPeak(_ rounds: Int) -> Int {
        peak(of: Float(3), rounds) { weights, activations, count in
            var sum = SIMD16<Float>.zero
            for index in stride(from: 0, to: count, by: 16) {
                let start = UnsafeRawPointer(weights + index), other = UnsafeRawPointer(activations + index)
                sum += start.loadUnaligned(as: SIMD16<Float>.self) * other.loadUnaligned(as: SIMD16<Float>.self)
            }
            return sum[0] != 0
        }
    }

    /// Calls `body` at most `rounds` times with 1024 numbers of both kinds. `body` returns something that depends on its result;
    /// false ends the loop.
    @inline(__always)
    private static func peak<Number>(
        of number: Number, _ rounds: Int,
        _ body: (_ weights: UnsafeMutablePointer<Number>, _ activations: UnsafeMutablePointer<Number>, _ count: Int) -> Bool
    ) -> Int {
        let count = 1024
        return withUnsafeTemporaryAllocation(of: Number.self, capacity: 2 * count) { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            buffer.initialize(repeating: number)
            var done = 0
            while done < rounds, body(start, start + count, count) { done += 1 }
            return 2 * count * done
        }
    }
}
