import CSIMD
import KernelTypes

/// See `KernelSet.scratchCount`.
@Sendable func scratchCount(_ dimension: Int, _ window: Int) -> Int {
    AttentionScratch.count(dimension: dimension, window: window)
}

/// See `KernelSet.attend`.
///
/// A vector's lanes are queries: 16 consecutive heads, of one token or of several, so that there are no sums across lanes, and each
/// key and value is widened once for all of them. Scores lie in the scratch until their largest is known. For a query the keys are
/// added in order of position and masked ones add exactly nothing, so that its result does not depend on the queries beside it.
@Sendable func attend(
    _ operands: LocalAttention, _ tokens: Range<Int>, _ heads: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
) {
    let scratch = AttentionScratch(scratch, dimension: operands.dimension, window: operands.window)
    let total = tokens.count * heads.count
    for first in stride(from: 0, to: total, by: lanes) {
        let queries = QueryGroup(operands, tokens, heads, first, min(lanes, total - first))
        queries.loadQueries(scratch)
        queries.score(scratch)
        let sums = queries.normalizeScores(scratch)
        queries.mixValues(scratch)
        queries.storeOutput(scratch, broadcast(1) / sums)
    }
}

/// The working memory of ``attend(_:_:_:_:)``, all of it aligned to 64 bytes. The dimension is padded to whole vectors.
private struct AttentionScratch {
    /// Keys, or values, that are widened at once.
    @inline(__always) static var keysAtOnce: Int { 8 }

    let dimension: Int
    /// [dimension × 16]: the queries, transposed.
    let queries: UnsafeMutablePointer<Float>
    /// [dimension × 16]: the mixed values, transposed.
    let mixed: UnsafeMutablePointer<Float>
    /// [8 × dimension]: keys or values as f32.
    let vectors: UnsafeMutablePointer<Float>
    /// [keys × 16]: scores, then their exponentials. 16 consecutive queries are of at most 16 tokens, which see window + 15 keys.
    let scores: UnsafeMutablePointer<Float>

    static func count(dimension: Int, window: Int) -> Int {
        let padded = paddedDimension(dimension)
        return lanes + (2 * lanes + keysAtOnce) * padded + (window + lanes) * lanes
    }

    private static func paddedDimension(_ dimension: Int) -> Int { (dimension + lanes - 1) / lanes * lanes }

    init(_ memory: UnsafeMutablePointer<Float>, dimension: Int, window: Int) {
        self.dimension = Self.paddedDimension(dimension)
        queries = UnsafeMutableRawPointer(memory).alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
        mixed = queries + lanes * self.dimension
        vectors = mixed + lanes * self.dimension
        scores = vectors + Self.keysAtOnce * self.dimension
    }
}

/// Up to 16 queries, consecutive pairs of token and head, and the keys that at least one of them sees.
private struct QueryGroup {
    let operands: LocalAttention
    let heads: Range<Int>
    /// Number of the first pair, counted from the first head of token 0.
    let firstPair: Int
    /// Queries: 1…16.
    let count: Int
    /// Position of the first key.
    let firstKey: Int64
    /// Keys, at most window + 15.
    let keyCount: Int
    /// Number of the chunk's first key, counted from ``firstKey``: those before it are in the ring. Negative past the ring.
    let chunkStart: Int

    init(_ operands: LocalAttention, _ tokens: Range<Int>, _ heads: Range<Int>, _ first: Int, _ count: Int) {
        self.operands = operands
        self.heads = heads
        self.count = count
        firstPair = tokens.lowerBound * heads.count + first
        let firstToken = firstPair / heads.count
        let lastToken = (firstPair + count - 1) / heads.count
        firstKey = max(0, operands.position + Int64(firstToken - operands.window + 1))
        keyCount = Int(operands.position + Int64(lastToken) - firstKey) + 1
        chunkStart = Int(operands.position - firstKey)
    }

    /// Registers that hold the queries.
    private var registers: Int { (count + rowLanes - 1) / rowLanes }

    private func token(_ query: Int) -> Int { (firstPair + query) / heads.count }

    /// Floats from head 0 of token 0 to the head of a query, with `stride` floats from token to token.
    private func offset(_ query: Int, _ stride: Int) -> Int {
        token(query) * stride + (heads.lowerBound + (firstPair + query) % heads.count) * operands.dimension
    }

    func loadQueries(_ scratch: AttentionScratch) {
        scratch.queries.update(repeating: 0, count: scratch.dimension * lanes)
        for query in 0..<count {
            let source = operands.queries + offset(query, operands.queryStride)
            for index in 0..<operands.dimension { scratch.queries[index * lanes + query] = source[index] }
        }
    }

    /// Fills the scores of all keys, masked or not; those of registers that hold no queries with 0.
    func score(_ scratch: AttentionScratch) {
        let keysAtOnce = AttentionScratch.keysAtOnce
        if registers * rowLanes < lanes { scratch.scores.update(repeating: 0, count: keyCount * lanes) }
        for first in stride(from: 0, to: keyCount, by: keysAtOnce) {
            let factors = widenVectors(first, operands.ringKeys, operands.chunkKeys, scratch)
            for register in 0..<registers {
                var sums = InlineArray<8, RowFloats>(repeating: .zero)
                for index in 0..<scratch.dimension {
                    let query = scratch.queries + index * lanes + register * rowLanes
                    let values = UnsafeRawPointer(query).loadUnaligned(as: RowFloats.self)
                    for key in 0..<8 {
                        let number = scratch.vectors[key * scratch.dimension + index]
                        sums[key] = multiplyAdd(sums[key], values, RowFloats(repeating: number))
                    }
                }
                for key in 0..<min(keysAtOnce, keyCount - first) {
                    let score = scratch.scores + (first + key) * lanes + register * rowLanes
                    UnsafeMutableRawPointer(score).storeBytes(
                        of: sums[key] * RowFloats(repeating: factors[key]), as: RowFloats.self)
                }
            }
        }
    }

    /// Masks the scores and takes their exponentials; returns the sums of those.
    func normalizeScores(_ scratch: AttentionScratch) -> Floats {
        var lowest = Ints.zero, highest = Ints.zero
        for query in 0..<lanes {
            // Lanes without a query do the same as the last one with a query.
            let position = operands.position + Int64(token(min(query, count - 1)))
            highest[query] = Int32(truncatingIfNeeded: position - firstKey)
            lowest[query] = max(0, highest[query] - Int32(truncatingIfNeeded: operands.window) + 1)
        }
        var largest = broadcast(-.infinity)
        for key in 0..<keyCount {
            let number = Ints(repeating: Int32(truncatingIfNeeded: key))
            var score = load(scratch.scores + key * lanes)
            score = csimd_where_less_i32_x16(number, lowest, broadcast(-.infinity), score)
            score = csimd_where_less_i32_x16(highest, number, broadcast(-.infinity), score)
            store(score, scratch.scores + key * lanes)
            largest = larger(largest, score)
        }
        var sums = Floats.zero
        for key in 0..<keyCount {
            let weight = exponential(load(scratch.scores + key * lanes) - largest)
            store(weight, scratch.scores + key * lanes)
            sums += weight
        }
        return sums
    }

    /// Sums the values, each multiplied by its key's exponential.
    func mixValues(_ scratch: AttentionScratch) {
        scratch.mixed.update(repeating: 0, count: scratch.dimension * lanes)
        for first in stride(from: 0, to: keyCount, by: AttentionScratch.keysAtOnce) {
            let factors = widenVectors(first, operands.ringValues, operands.chunkValues, scratch)
            for register in 0..<registers {
                var weights = InlineArray<8, RowFloats>(repeating: .zero)
                for key in 0..<min(AttentionScratch.keysAtOnce, keyCount - first) {
                    let weight = scratch.scores + (first + key) * lanes + register * rowLanes
                    let values = UnsafeRawPointer(weight).loadUnaligned(as: RowFloats.self)
                    weights[key] = values * RowFloats(repeating: factors[key])
                }
                for index in stride(from: 0, to: scratch.dimension, by: 4) {
                    let mixed = UnsafeMutableRawPointer(scratch.mixed + index * lanes + register * rowLanes)
                    var sums = InlineArray<4, RowFloats>(repeating: .zero)
                    for place in 0..<4 { sums[place] = mixed.loadUnaligned(fromByteOffset: place * 4 * lanes, as: RowFloats.self) }
                    for key in 0..<8 {
                        for place in 0..<4 {
                            let number = scratch.vectors[key * scratch.dimension + index + place]
                            sums[place] = multiplyAdd(sums[place], weights[key], RowFloats(repeating: number))
                        }
                    }
                    for place in 0..<4 { mixed.storeBytes(of: sums[place], toByteOffset: place * 4 * lanes, as: RowFloats.self) }
                }
            }
        }
    }

    func storeOutput(_ scratch: AttentionScratch, _ factors: Floats) {
        for index in 0..<operands.dimension {
            let mixed = scratch.mixed + index * lanes
            store(load(mixed) * factors, mixed)
        }
        for query in 0..<count {
            let target = operands.output + offset(query, operands.outputStride)
            for index in 0..<operands.dimension { target[index] = scratch.mixed[index * lanes + query] }
        }
    }

    /// Widens 8 keys, or values, from number `first` on, and returns what each is to be multiplied by: powers of two. Nothing is
    /// read after the last one, which stands in for those that are missing.
    @inline(__always)
    private func widenVectors(
        _ first: Int, _ ring: CachedVectors, _ chunk: CachedVectors, _ scratch: AttentionScratch
    ) -> InlineArray<8, Float> {
        let vectorBytes = operands.dimension * operands.element.bytes
        let start = Int(firstKey % Int64(operands.window))
        var factors = InlineArray<8, Float>(repeating: 1)
        for index in 0..<AttentionScratch.keysAtOnce {
            let key = min(first + index, keyCount - 1)
            let slot = start + key < operands.window ? start + key : start + key - operands.window
            let (vectors, place) = key < chunkStart ? (ring, slot) : (chunk, key - chunkStart)
            widenVector(vectors.numbers + place * vectorBytes, scratch.vectors + index * scratch.dimension, scratch.dimension)
            factors[index] = powerOfTwo(Int(vectors.exponents[place]))
        }
        return factors
    }

    /// Widens a key or value; pads it with zeros.
    @inline(__always)
    private func widenVector(_ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, _ padded: Int) {
        let dimension = operands.dimension
        switch operands.element {
        case .f32: target.update(from: source.assumingMemoryBound(to: Float.self), count: dimension)
        case .f16:
            var index = 0
            while index + rowLanes <= dimension {
                let halves = source.loadUnaligned(fromByteOffset: 2 * index, as: RowHalves.self)
                UnsafeMutableRawPointer(target + index).storeBytes(of: widen(halves), as: RowFloats.self)
                index += rowLanes
            }
            if index < dimension {
                var halves = RowHalves.zero
                for lane in 0..<dimension - index {
                    halves[lane] = source.loadUnaligned(fromByteOffset: 2 * (index + lane), as: UInt16.self)
                }
                UnsafeMutableRawPointer(target + index).storeBytes(of: widen(halves), as: RowFloats.self)
            }
        }
        for index in dimension..<padded { target[index] = 0 }
    }
}
