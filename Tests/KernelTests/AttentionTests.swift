import Foundation
import KernelTypes
import Kernels
import TestSupport
import Testing

@Suite("Local attention against Double")
struct AttentionTests {
    static let names = Kernels.available.map(\.name)

    /// A sequence's keys and values from some position on, and the queries of a chunk at its end.
    private struct Case {
        var heads: Int
        var dimension: Int
        var window: Int
        var position: Int64
        var tokens: Int
        var element: CacheElement
        /// [tokens × heads × dimension]
        var queries: [Float]
        /// Keys and values of the positions from `first` to the chunk's last, as they are stored.
        var first: Int64
        var keys: [Float]
        var values: [Float]
        /// Exponents of these keys and values: powers of two that the numbers are multiplied by.
        var keyExponents: [Int8]
        var valueExponents: [Int8]

        init(
            heads: Int, dimension: Int, window: Int, position: Int64, tokens: Int, element: CacheElement, spread: Float = 1,
            _ random: inout RandomSource
        ) {
            self.heads = heads
            self.dimension = dimension
            self.window = window
            self.position = position
            self.tokens = tokens
            self.element = element
            first = max(0, position - Int64(window))
            let count = Int(position - first) + tokens
            func rounded(_ values: [Float]) -> [Float] { element == .f32 ? values : values.map { Float(Float16($0)) } }
            queries = random.normalFloats(tokens * heads * dimension, deviation: spread / Float(dimension).squareRoot())
            keys = rounded(random.normalFloats(count * dimension))
            values = rounded(random.normalFloats(count * dimension))
            keyExponents = [Int8](repeating: 0, count: count)
            valueExponents = keyExponents
        }

        /// A vector of numbers as the cache stores them.
        private func stored(_ numbers: [Float]) -> [UInt8] {
            numbers.flatMap { number in
                element == .f32
                    ? withUnsafeBytes(of: number, Array.init) : withUnsafeBytes(of: Float16(number).bitPattern, Array.init)
            }
        }

        /// The ring, whose unused slots hold NaN, and the chunk's part.
        private func cache(_ numbers: [Float], _ exponents: [Int8]) -> (ring: GuardedVectors, chunk: GuardedVectors) {
            var ring = [Float](repeating: .nan, count: window * dimension)
            var ringExponents = [Int8](repeating: 100, count: window)
            for key in first..<position {
                let slot = Int(key % Int64(window))
                let source = Int(key - first) * dimension
                ring.replaceSubrange(slot * dimension..<(slot + 1) * dimension, with: numbers[source..<source + dimension])
                ringExponents[slot] = exponents[Int(key - first)]
            }
            return (
                GuardedVectors(stored(ring), ringExponents),
                GuardedVectors(stored(Array(numbers.suffix(tokens * dimension))), Array(exponents.suffix(tokens)))
            )
        }

        /// The output [tokens × heads × dimension]; nil if something else was written. `inPlace` writes over the queries.
        ///
        /// `members` compute each token's attention together, if there are some.
        func run(
            _ kernels: KernelSet, parts: [(Range<Int>, Range<Int>)]? = nil, inPlace: Bool = false, members: Int = 0
        ) -> [Float]? {
            let (ringKeys, chunkKeys) = cache(keys, keyExponents)
            let (ringValues, chunkValues) = cache(values, valueExponents)
            let width = heads * dimension, gap = 3
            // A gap after each token except the last.
            var padded = [Float](repeating: -7, count: tokens * (width + gap) - gap)
            for index in queries.indices { padded[index / width * (width + gap) + index % width] = queries[index] }
            let queryMemory = GuardedMemory(padded)
            let output = inPlace ? queryMemory : GuardedMemory([Float](repeating: -7, count: padded.count))
            let operands = LocalAttention(
                queries: queryMemory.pointer, queryStride: width + gap, output: output.pointer, outputStride: width + gap,
                heads: heads,
                dimension: dimension, window: window, position: position, element: element, ringKeys: ringKeys.vectors,
                ringValues: ringValues.vectors, chunkKeys: chunkKeys.vectors, chunkValues: chunkValues.vectors)
            for token in 0..<(members > 0 ? tokens : 0) {
                let count = kernels.scratchCount(dimension, window)
                let scratches = (0..<members).map { _ in GuardedMemory(repeating: Float.nan, count: count) }
                for first in stride(from: 0, to: heads, by: SharedAttention.headLimit) {
                    let attention = SharedAttention(
                        operands, token: token, heads: first..<min(heads, first + SharedAttention.headLimit),
                        scratch: scratches[members / 2].pointer)
                    for step in SharedAttention.Step.allCases {
                        var hasBegun = [Bool](repeating: false, count: members)
                        // One part more than there are, and in another order.
                        let count = SharedAttention.parts(of: step, keys: window, dimension: dimension) + 1
                        for part in (0..<count).reversed() {
                            let member = part % members
                            kernels.attendTogether(
                                attention, step, part..<part + 1, !hasBegun[member], scratches[member].pointer)
                            hasBegun[member] = true
                        }
                    }
                }
                guard scratches.allSatisfy(\.isIntact) else { return nil }
            }
            for (tokenRange, headRange) in members > 0 ? [] : parts ?? [(0..<tokens, 0..<heads)] {
                let scratch = GuardedMemory(
                    repeating: Float.nan, count: kernels.scratchCount(dimension, window))
                kernels.attend(operands, tokenRange, headRange, scratch.pointer)
                guard scratch.isIntact else { return nil }
            }
            keep(queryMemory, ringKeys, ringValues, chunkKeys, chunkValues)
            let elements = output.elements
            guard output.isIntact, elements.indices.allSatisfy({ $0 % (width + gap) < width || elements[$0] == -7 }) else {
                return nil
            }
            return elements.indices.filter { $0 % (width + gap) < width }.map { elements[$0] }
        }

        /// Softmax attention as it is written down.
        func exact() -> [Double] {
            var output: [Double] = []
            for token in 0..<tokens {
                let last = Int(position - first) + token
                let seen = max(0, last - window + 1)...last
                for head in 0..<heads {
                    let query = vector(queries, token * heads + head)
                    let scores = seen.map { dot(query, vector(keys, $0)) * exp2(Double(keyExponents[$0])) }
                    let largest = scores.max() ?? 0
                    let weights = scores.map { exp($0 - largest) }
                    let sum = weights.reduce(0, +)
                    var mixed = [Double](repeating: 0, count: dimension)
                    for (weight, key) in zip(weights, seen) {
                        let factor = weight / sum * exp2(Double(valueExponents[key]))
                        for (index, value) in vector(values, key).enumerated() { mixed[index] += factor * value }
                    }
                    output += mixed
                }
            }
            return output
        }

        private func vector(_ numbers: [Float], _ index: Int) -> [Double] {
            numbers[index * dimension..<(index + 1) * dimension].map(Double.init)
        }

        private func dot(_ one: [Double], _ other: [Double]) -> Double { zip(one, other).map { $0 * $1 }.reduce(0, +) }
    }

    private static func expectExact(_ test: Case, _ kernels: KernelSet, _ comment: Comment, bound: Double = 2e-6) throws {
        let result = try #require(test.run(kernels), comment)
        let worst = zip(result, test.exact()).map { abs(Double($0) - $1) }.reduce(0) { $1 <= $0 ? $0 : $1 }
        #expect(worst <= bound, "\(comment): off by \(worst)")
    }

    @Test("Chunks before, at and past the window, f32 and f16", arguments: names, [CacheElement.f16, .f32])
    func chunks(name: String, element: CacheElement) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 31)
        // heads, dimension, window, position, tokens
        let cases: [(Int, Int, Int, Int64, Int)] = [
            (1, 4, 1, 0, 1), (2, 8, 3, 0, 7), (3, 20, 16, 5, 4), (10, 16, 24, 24, 1), (10, 16, 24, 1000, 3), (5, 36, 17, 16, 40),
            (16, 32, 33, 100, 9), (20, 8, 9, 9, 5), (1, 64, 50, 49, 33), (4, 256, 100, 730, 6),
        ]
        for (heads, dimension, window, position, tokens) in cases {
            let test = Case(
                heads: heads, dimension: dimension, window: window, position: position, tokens: tokens, element: element, &random)
            try Self.expectExact(
                test, kernels, "\(heads) heads of \(dimension), window \(window), \(tokens) tokens from \(position)")
        }
    }

    @Test("Positions far beyond 2^31", arguments: names)
    func farPositions(name: String) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 32)
        for position: Int64 in [0x7FFF_FFFE, 0x2_0000_0005, 0x100_0000_0000] {
            let test = Case(heads: 3, dimension: 24, window: 21, position: position, tokens: 5, element: .f16, &random)
            try Self.expectExact(test, kernels, "position \(position)")
        }
    }

    @Test("Scores of thousands neither overflow nor lose the largest", arguments: names)
    func largeScores(name: String) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 33)
        let test = Case(heads: 4, dimension: 32, window: 20, position: 50, tokens: 6, element: .f16, spread: 1000, &random)
        // Scores of 1000 are known to 1e-4 in f32, and so are the weights.
        try Self.expectExact(test, kernels, "large scores", bound: 2e-3)
    }

    @Test("Exponents multiply keys and values of the ring and of the chunk", arguments: names, [CacheElement.f16, .f32])
    func exponents(name: String, element: CacheElement) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 36)
        for (position, tokens) in [(0, 9), (9, 1), (60, 11)] as [(Int64, Int)] {
            var test = Case(heads: 5, dimension: 20, window: 17, position: position, tokens: tokens, element: element, &random)
            for key in test.keyExponents.indices {
                // Stored numbers of many sizes; what they stand for is of the usual one, or small.
                let exponent = Int8.random(in: -8...0, using: &random)
                test.keyExponents[key] = exponent
                test.valueExponents[key] = -Int8.random(in: 0...30, using: &random)
                for index in key * 20..<(key + 1) * 20 { test.keys[index] *= exp2(Float(-exponent)) }
            }
            try Self.expectExact(test, kernels, "\(tokens) tokens from \(position)")
            // If all values are multiplied by a power of two, so is the output, to the bit.
            let plain = try #require(test.run(kernels))
            for key in test.valueExponents.indices { test.valueExponents[key] += 50 }
            #expect(try #require(test.run(kernels)).map { $0 * 0x1p-50 } == plain)
        }
    }

    @Test("Bits do not depend on the split of tokens and heads, nor on writing over the queries", arguments: names)
    func splits(name: String) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 34)
        let test = Case(heads: 5, dimension: 24, window: 37, position: 60, tokens: 11, element: .f16, &random)
        let whole = try #require(test.run(kernels)).map(\.bitPattern)
        let byToken = (0..<11).map { ($0..<$0 + 1, 0..<5) }
        let byHead = (0..<5).map { (0..<11, $0..<$0 + 1) }
        for parts in [byToken, byHead, [(0..<4, 0..<2), (4..<11, 0..<2), (0..<11, 2..<5)]] {
            #expect(try #require(test.run(kernels, parts: parts)).map(\.bitPattern) == whole)
            #expect(try #require(test.run(kernels, parts: parts, inPlace: true)).map(\.bitPattern) == whole)
        }
    }

    @Test(
        "Members who compute a token's attention together give the bits of one alone", arguments: names, [CacheElement.f16, .f32])
    func together(name: String, element: CacheElement) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 38)
        let cases: [(Int, Int, Int, Int64, Int)] = [
            (10, 256, 70, 200, 1), (5, 20, 37, 60, 3), (20, 12, 33, 10, 30), (1, 7, 5, 0, 2),
        ]
        for (heads, dimension, window, position, tokens) in cases {
            var test = Case(
                heads: heads, dimension: dimension, window: window, position: position, tokens: tokens, element: element, &random)
            for key in test.valueExponents.indices where key % 3 == 0 { test.valueExponents[key] = -2 }
            let alone = try #require(test.run(kernels)).map(\.bitPattern)
            for members in [1, 3] {
                for inPlace in [false, true] {
                    let together = try #require(test.run(kernels, inPlace: inPlace, members: members)).map(\.bitPattern)
                    #expect(together == alone, "\(heads) heads of \(dimension), \(members) members")
                }
            }
        }
    }

    /// What saved sessions were computed with: these bits must stay.
    @Test("The bits of earlier releases", arguments: names)
    func earlierBits(name: String) throws {
        let kernels = try #require(Kernels.named(name))
        guard let expected = ["fma": 0xB23B_7373_E5F4_C74E as UInt64, "x86-64-v2": 0x2842_6CF6_D7C2_FAA2][kernels.arithmetic] else {
            return
        }
        var random = RandomSource(seed: 37)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (heads, dimension, window, position, tokens) in [(10, 256, 300, 299, 1), (10, 64, 130, 500, 7), (3, 20, 33, 20, 25)] {
            for element in [CacheElement.f16, .f32] {
                var test = Case(
                    heads: heads, dimension: dimension, window: window, position: Int64(position), tokens: tokens, element: element,
                    &random)
                // Exact numbers: those of the C library differ from version to version.
                func exact(_ count: Int) -> [Float] {
                    (0..<count).map { _ in Float(Int.random(in: -1023...1023, using: &random)) / 512 }
                }
                test.queries = exact(test.queries.count)
                test.keys = exact(test.keys.count)
                test.values = exact(test.values.count)
                for key in test.keyExponents.indices {
                    test.keyExponents[key] = Int8.random(in: -6 ... -3, using: &random)
                    test.valueExponents[key] = Int8.random(in: -2...1, using: &random)
                }
                for number in try #require(test.run(kernels)) { hash = (hash ^ UInt64(number.bitPattern)) &* 0x100_0000_01B3 }
            }
        }
        #expect(hash == expected, "0x\(String(hash, radix: 16, uppercase: true))")
    }

    @Test("A chunk gives the bits that its tokens give one by one", arguments: names)
    func tokenByToken(name: String) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 35)
        let (heads, dimension, window) = (3, 16, 10)
        let chunk = Case(heads: heads, dimension: dimension, window: window, position: 7, tokens: 25, element: .f16, &random)
        let whole = try #require(chunk.run(kernels)).map(\.bitPattern)
        var single: [UInt32] = []
        for token in 0..<chunk.tokens {
            var one = chunk
            one.position = chunk.position + Int64(token)
            one.tokens = 1
            one.first = max(0, one.position - Int64(window))
            let range = Int(one.first - chunk.first) * dimension..<Int(one.position - chunk.first + 1) * dimension
            one.keys = Array(chunk.keys[range])
            one.values = Array(chunk.values[range])
            one.keyExponents = [Int8](repeating: 0, count: range.count / dimension)
            one.valueExponents = one.keyExponents
            one.queries = Array(chunk.queries[token * heads * dimension..<(token + 1) * heads * dimension])
            single += try #require(one.run(kernels)).map(\.bitPattern)
        }
        #expect(single == whole)
    }
}

/// Keys or values whose ends are guarded.
private struct GuardedVectors {
    let numbers: GuardedMemory<UInt8>
    let exponents: GuardedMemory<Int8>

    init(_ numbers: [UInt8], _ exponents: [Int8]) {
        self.numbers = GuardedMemory(numbers)
        self.exponents = GuardedMemory(exponents)
    }

    var vectors: CachedVectors { CachedVectors(numbers: numbers.raw, exponents: exponents.pointer) }
}
