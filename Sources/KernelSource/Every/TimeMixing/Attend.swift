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
        queries.score(0..<queries.keyCount, scratch, scratch)
        queries.findLargest(scratch, scratch)
        queries.weigh(0..<queries.keyCount, scratch, scratch)
        queries.sumWeights(scratch, scratch)
        queries.mix(0..<operands.dimension, scratch, scratch)
    }
}

/// See `KernelSet.attendTogether`: the same steps, each for a part of what it goes over. A key's scores and weights depend on no
/// other key's, and an element of the output on no other element's, so that the split changes no bits.
@Sendable func attendTogether(
    _ attention: SharedAttention, _ step: SharedAttention.Step, _ parts: Range<Int>, _ isFirst: Bool,
    _ scratch: UnsafeMutablePointer<Float>
) {
    let operands = attention.operands, heads = attention.heads
    let common = AttentionScratch(attention.scratch, dimension: operands.dimension, window: operands.window)
    let own = AttentionScratch(scratch, dimension: operands.dimension, window: operands.window)
    let queries = QueryGroup(operands, attention.token..<attention.token + 1, heads, 0, heads.count)
    let elements = attention.elements(of: step, parts)
    switch step {
    case .scores:
        if isFirst { queries.loadQueries(own) }
        queries.score(elements, common, own)
    case .weights:
        if isFirst { queries.findLargest(common, own) }
        queries.weigh(elements, common, own)
    case .output:
        if isFirst { queries.sumWeights(common, own) }
        queries.mix(elements, common, own)
    }
}

/// The working memory of ``attend(_:_:_:_:)``, all of it aligned to 64 bytes. Where several threads compute an attention together,
/// scores and largest scores are in a scratch that they have in common, and the rest is in each thread's own.
private struct AttentionScratch {
    /// Keys, or values, that are widened at once: beside the queries they must fit the nearest cache.
    @inline(__always) static var keysAtOnce: Int { 8 }

    /// [16]: each query's largest score.
    let largest: UnsafeMutablePointer<Float>
    /// [16]: the sums of each query's weights.
    let sums: UnsafeMutablePointer<Float>
    /// [dimension × 16]: the queries, transposed.
    let queries: UnsafeMutablePointer<Float>
    /// [dimension × 16]: the mixed values, transposed.
    let mixed: UnsafeMutablePointer<Float>
    /// [8 × dimension]: keys or values as f32, where kernels need them in memory.
    let vectors: UnsafeMutablePointer<Float>
    /// [64 × 16]: weights, multiplied by what their values are to be multiplied by.
    let scaled: UnsafeMutablePointer<Float>
    /// [blocks × 16]: the largest scores of a block of keys.
    let largestOfBlocks: UnsafeMutablePointer<Float>
    /// [keys × 16]: scores, then their exponentials, the weights. 16 consecutive queries are of at most 16 tokens, which see
    /// window + 15 keys.
    let scores: UnsafeMutablePointer<Float>

    static func count(dimension: Int, window: Int) -> Int {
        let keys = window + lanes
        return lanes + (2 + 2 * dimension + QueryGroup.keysAtOnce) * lanes + vectorCount(dimension)
            + ((keys + SharedAttention.keysPerPart - 1) / SharedAttention.keysPerPart + keys) * lanes
    }

    /// Floats of ``vectors``, a multiple of 16.
    private static func vectorCount(_ dimension: Int) -> Int { keysAtOnce * dimension }

    init(_ memory: UnsafeMutablePointer<Float>, dimension: Int, window: Int) {
        largest = UnsafeMutableRawPointer(memory).alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
        sums = largest + lanes
        queries = sums + lanes
        mixed = queries + lanes * dimension
        vectors = mixed + lanes * dimension
        scaled = vectors + Self.vectorCount(dimension)
        largestOfBlocks = scaled + QueryGroup.keysAtOnce * lanes
        let keys = window + lanes
        scores = largestOfBlocks + (keys + SharedAttention.keysPerPart - 1) / SharedAttention.keysPerPart * lanes
    }
}

/// Up to 16 queries, consecutive pairs of token and head, and the keys that at least one of them sees.
///
/// The steps of attention: each takes the scratch that threads have in common, and the thread's own.
private struct QueryGroup {
    /// Keys whose values are mixed before the next ones are touched: what their weights and values take fits the nearest cache.
    @inline(__always) static var keysAtOnce: Int { 64 }

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
        firstKey = operands.firstKey(ofToken: firstToken)
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

    func loadQueries(_ own: AttentionScratch) {
        for query in 0..<registers * rowLanes {
            // Lanes without a query do the same as the last one with a query.
            let source = operands.queries + offset(min(query, count - 1), operands.queryStride)
            for index in 0..<operands.dimension { own.queries[index * lanes + query] = source[index] }
        }
    }

    /// The scores of keys, which begin with a block; minus infinity for those that a query does not see.
    func score(_ keys: Range<Int>, _ common: AttentionScratch, _ own: AttentionScratch) {
        for first in stride(from: keys.lowerBound, to: keys.upperBound, by: SharedAttention.keysPerPart) {
            let block = first..<min(first + SharedAttention.keysPerPart, keys.upperBound)
            let scores = common.scores + first * lanes
            if registers * rowLanes < lanes { scores.update(repeating: 0, count: block.count * lanes) }
            var left = block
            while !left.isEmpty {
                let keys = left.lowerBound..<min(left.lowerBound + AttentionScratch.keysAtOnce, left.upperBound)
                let piece = piece(keys, operands.ringKeys, operands.chunkKeys)
                left = left.lowerBound + piece.count..<left.upperBound
                let scores = common.scores + piece.first * lanes
                switch operands.element {
                case .f16 where widensWhereUsed: scoreHalves(piece, own.queries, registers, operands.dimension, scores)
                case .f16:
                    let piece = widened(piece, 0..<operands.dimension, own)
                    scoreFloats(piece, own.queries, registers, operands.dimension, scores)
                case .f32: scoreFloats(piece, own.queries, registers, operands.dimension, scores)
                }
            }
            mask(block, common)
        }
    }

    /// Masks the scores of a block and notes its largest.
    private func mask(_ block: Range<Int>, _ common: AttentionScratch) {
        var lowest = Ints.zero, highest = Ints.zero
        for query in 0..<lanes {
            let position = operands.position + Int64(token(min(query, count - 1)))
            highest[query] = Int32(truncatingIfNeeded: position - firstKey)
            lowest[query] = max(0, highest[query] - Int32(truncatingIfNeeded: operands.window) + 1)
        }
        var largest = broadcast(-.infinity)
        for key in block {
            let number = Ints(repeating: Int32(truncatingIfNeeded: key))
            var score = load(common.scores + key * lanes)
            score = csimd_where_less_i32_x16(number, lowest, broadcast(-.infinity), score)
            score = csimd_where_less_i32_x16(highest, number, broadcast(-.infinity), score)
            store(score, common.scores + key * lanes)
            largest = larger(largest, score)
        }
        store(largest, common.largestOfBlocks + block.lowerBound / SharedAttention.keysPerPart * lanes)
    }

    /// Finds the largest scores among all keys.
    func findLargest(_ common: AttentionScratch, _ own: AttentionScratch) {
        var largest = broadcast(-.infinity)
        for block in 0..<(keyCount + SharedAttention.keysPerPart - 1) / SharedAttention.keysPerPart {
            largest = larger(largest, load(common.largestOfBlocks + block * lanes))
        }
        store(largest, own.largest)
    }

    /// Makes weights of the scores of some keys: e^(score - largest).
    func weigh(_ keys: Range<Int>, _ common: AttentionScratch, _ own: AttentionScratch) {
        let largest = load(own.largest)
        for key in keys {
            let score = common.scores + key * lanes
            store(exponential(load(score) - largest), score)
        }
    }

    /// Sums the weights of all keys.
    func sumWeights(_ common: AttentionScratch, _ own: AttentionScratch) {
        var sums = Floats.zero
        for key in 0..<keyCount { sums += load(common.scores + key * lanes) }
        store(sums, own.sums)
    }

    /// The elements `columns` of the output: the sums of the values, each multiplied by its key's weight, divided by the sums of
    /// the weights.
    func mix(_ columns: Range<Int>, _ common: AttentionScratch, _ own: AttentionScratch) {
        (own.mixed + columns.lowerBound * lanes).update(repeating: 0, count: columns.count * lanes)
        // What is widened first must fit the scratch.
        let step = operands.element == .f16 && !widensWhereUsed ? AttentionScratch.keysAtOnce : Self.keysAtOnce
        for first in stride(from: 0, to: keyCount, by: step) {
            var left = first..<min(first + step, keyCount)
            while !left.isEmpty {
                let piece = piece(left, operands.ringValues, operands.chunkValues)
                left = left.lowerBound + piece.count..<left.upperBound
                let weights = scaledWeights(piece, common, own)
                switch operands.element {
                case .f16 where widensWhereUsed: mixHalves(piece, weights, registers, columns, own.mixed)
                case .f16: mixFloats(widened(piece, columns, own), weights, registers, columns, own.mixed)
                case .f32: mixFloats(piece, weights, registers, columns, own.mixed)
                }
            }
        }
        storeOutput(columns, own)
    }

    /// The weights of some keys, multiplied by what their values are to be multiplied by. Most often that is 1.
    @inline(__always)
    private func scaledWeights(_ piece: KeyPiece, _ common: AttentionScratch, _ own: AttentionScratch) -> UnsafePointer<Float> {
        let weights = common.scores + piece.first * lanes
        var bits: Int8 = 0
        for key in 0..<piece.count { bits |= piece.exponents[key] }
        if bits == 0 { return UnsafePointer(weights) }
        for key in 0..<piece.count {
            store(
                load(weights + key * lanes) * broadcast(powerOfTwo(Int(piece.exponents[key]))), own.scaled + key * lanes)
        }
        return UnsafePointer(own.scaled)
    }

    private func storeOutput(_ columns: Range<Int>, _ own: AttentionScratch) {
        let factors = broadcast(1) / load(own.sums)
        for index in columns {
            let mixed = own.mixed + index * lanes
            store(load(mixed) * factors, mixed)
        }
        for query in 0..<count {
            let target = operands.output + offset(query, operands.outputStride)
            for index in columns { target[index] = own.mixed[index * lanes + query] }
        }
    }

    // MARK: - Where keys and values are

    /// Those of some keys, or values, that lie in a row with the first: in the ring, past its end at its start, or in the chunk.
    private func piece(_ keys: Range<Int>, _ ring: CachedVectors, _ chunk: CachedVectors) -> KeyPiece {
        let vectorBytes = operands.dimension * operands.element.bytes
        let first = keys.lowerBound, start = Int(firstKey % Int64(operands.window))
        let vectors: CachedVectors, place: Int, end: Int
        if first >= chunkStart {
            (vectors, place, end) = (chunk, first - chunkStart, keys.upperBound)
        } else if start + first < operands.window {
            (vectors, place, end) = (ring, start + first, min(chunkStart, operands.window - start))
        } else {
            (vectors, place, end) = (ring, start + first - operands.window, chunkStart)
        }
        return (
            first, min(end, keys.upperBound) - first, UnsafeRawPointer(vectors.numbers + place * vectorBytes), vectorBytes,
            UnsafePointer(vectors.exponents + place)
        )
    }

    /// The elements `columns` of up to 8 keys or values, widened in the scratch, in the same places of vectors there.
    @inline(__always)
    private func widened(_ piece: KeyPiece, _ columns: Range<Int>, _ own: AttentionScratch) -> KeyPiece {
        let dimension = operands.dimension
        for key in 0..<piece.count {
            let source = piece.numbers + key * piece.stride, target = own.vectors + key * dimension
            widenHalves(source, target, columns)
        }
        return (piece.first, piece.count, UnsafeRawPointer(own.vectors), 4 * dimension, piece.exponents)
    }
}
