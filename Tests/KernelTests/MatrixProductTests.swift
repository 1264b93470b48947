import KernelTypes
import Kernels
import TestSupport
import Testing
import Tiles

@Suite("Matrix products")
struct MatrixProductTests {
    static let names = Kernels.available.map(\.name)

    private static func kernels(_ name: String) throws -> KernelSet { try #require(Kernels.named(name)) }

    private static func shape(count: Int = 1, rows: Int, columns: Int) throws -> MatrixShape {
        try #require(MatrixShape(count: count, rows: rows, columns: columns))
    }

    /// The rounding that f32 sums of `columns` terms may show, as a part of the sum of magnitudes.
    private static func tolerance(_ type: WeightType, _ columns: Int) -> Double {
        let terms = type.isBlockQuantized ? columns / 32 + 4 : columns + 4
        return Double(terms) * 0x1p-24 + 4 * 0x1p-24
    }

    /// Compares with sums in Double.
    private static func expectExact(_ product: TestProduct, _ kernels: KernelSet, _ comment: Comment) {
        guard let result = product.run(kernels) else {
            Issue.record("\(kernels.name) wrote beside its outputs: \(comment)")
            return
        }
        let (values, magnitudes) = product.exact()
        let tolerance = tolerance(product.matrix.type, product.matrix.shape.columns)
        let wrong = result.indices.filter { !(abs(Double(result[$0]) - values[$0]) <= tolerance * magnitudes[$0] + 1e-37) }
        #expect(
            wrong.isEmpty, "\(comment): output \(wrong.first ?? 0) is \(result[wrong.first ?? 0]), not \(values[wrong.first ?? 0])")
    }

    @Test("Random shapes, tokens, biases and residuals agree with sums in Double", arguments: names, WeightType.allCases)
    func randomShapes(name: String, type: WeightType) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 1)
        for round in 0..<24 {
            let shape = try Self.shape(
                count: Int.random(in: 1...5, using: &random), rows: Int.random(in: 1...70, using: &random),
                columns: Int.random(in: 1...200, using: &random))
            let tokens = Int.random(in: 1...33, using: &random)
            let width = shape.count * shape.rows
            let product = TestProduct(
                matrix: TestMatrix(type, shape, &random),
                activations: TestActivations(random.normalFloats(tokens * shape.count * shape.columns), shape, kernels, for: type),
                bias: round % 2 == 0 ? random.floats(width) : nil, before: round % 3 == 0 ? random.floats(tokens * width) : nil)
            Self.expectExact(product, kernels, "\(shape.count) × \(shape.rows) × \(shape.columns), \(tokens) tokens")
        }
    }

    @Test("Every set agrees with the scalar reference to the rounding of f32 sums", arguments: names, WeightType.allCases)
    func agreement(name: String, type: WeightType) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 9)
        for (count, rows, columns, tokens) in [(1, 1, 1, 1), (1, 16, 64, 5), (3, 17, 65, 6), (1, 100, 1000, 4), (2, 48, 320, 12)] {
            let shape = try Self.shape(count: count, rows: rows, columns: columns)
            let activations = TestActivations(random.normalFloats(tokens * count * columns), shape, kernels, for: type)
            let product = TestProduct(matrix: TestMatrix(type, shape, &random), activations: activations)
            let result = try #require(product.run(kernels)), reference = try #require(product.run(Kernels.scalar))
            let magnitudes = product.exact().magnitudes
            let tolerance = 2 * Self.tolerance(type, columns)
            #expect(result.indices.allSatisfy { abs(Double(result[$0]) - Double(reference[$0])) <= tolerance * magnitudes[$0] })
        }
    }

    @Test("Extreme codes, scales and activations", arguments: names, [WeightType.q8, .q4])
    func extremes(name: String, type: WeightType) throws {
        let kernels = try Self.kernels(name)
        let shape = try Self.shape(rows: 33, columns: 160)
        let codes: [Float] = type == .q8 ? [-127, 127, 0, -128] : [-8, 7, 0, -1]
        let scales: [Float] = [0, 0x1p-24, 0x1p-15, 65504, -65504, -1]
        let activations: [Float] = [0, 1, -1, 1e-38, 1e-30, 1e28, -1e28]
        var random = RandomSource(seed: 2)
        for code in codes {
            for scale in scales {
                let matrix = TestMatrix(
                    type, shape, numbers: [Float](repeating: code, count: shape.weightCount),
                    scales: [Float](repeating: scale, count: shape.rows * 5))
                // One token per activation, and one with all of them mixed; three times, so that they are enough to unpack weights.
                let values =
                    activations.flatMap { [Float](repeating: $0, count: shape.columns) }
                    + (0..<shape.columns).map { _ in activations.randomElement(using: &random) ?? 0 }
                let product = TestProduct(
                    matrix: matrix, activations: TestActivations(values + values + values, shape, kernels, for: type))
                for tuning in Tuning.all {
                    let tuned = try #require(Kernels.named(name, tuning))
                    Self.expectExact(product, tuned, "codes \(code), scales \(scale), \(tuning.name)")
                }
            }
        }
    }

    @Test("Extreme f16 weights: subnormal, largest, negative zero", arguments: names)
    func extremeHalves(name: String) throws {
        let kernels = try Self.kernels(name)
        let shape = try Self.shape(rows: 17, columns: 66)
        let weights: [Float] = [0x1p-24, -0x1p-24, 0x1.ff8p-15, 65504, -65504, -0.0, 0, 1]
        let numbers = (0..<shape.weightCount).map { weights[$0 % 7] }
        let matrix = TestMatrix(.f16, shape, numbers: numbers, scales: [])
        var random = RandomSource(seed: 3)
        let product = TestProduct(
            matrix: matrix,
            activations: TestActivations(random.floats(9 * shape.columns, in: -1e20...1e20), shape, kernels, for: .f16))
        Self.expectExact(product, kernels, "f16")
    }

    @Test("A token's bits do not depend on the tokens beside it", arguments: names, WeightType.allCases)
    func batchInvariance(name: String, type: WeightType) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 4)
        let shape = try Self.shape(count: 2, rows: 83, columns: 333)
        let tokens = 33
        let product = TestProduct(
            matrix: TestMatrix(type, shape, &random),
            activations: TestActivations(random.normalFloats(tokens * shape.count * shape.columns), shape, kernels, for: type),
            bias: random.floats(shape.count * shape.rows))
        let width = shape.count * shape.rows
        let single = try (0..<tokens).flatMap { try #require(product.run(kernels, token: $0, tokens: 1)) }
        for count in 1...tokens {
            let first = Int.random(in: 0...tokens - count, using: &random)
            let together = try #require(product.run(kernels, token: first, tokens: count))
            #expect(
                together.map(\.bitPattern) == single[first * width..<(first + count) * width].map(\.bitPattern), "\(count) tokens")
        }
    }

    @Test("Bits do not depend on how rows of tiles are split", arguments: names, WeightType.allCases)
    func splits(name: String, type: WeightType) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 5)
        let shape = try Self.shape(count: 3, rows: 50, columns: 130)
        for (tokens, tuning) in [(1, nil), (2, nil), (13, nil)] + Tuning.all.map({ (37, $0) }) as [(Int, Tuning?)] {
            let kernels = try #require(tuning.map { Kernels.named(name, $0) } ?? kernels)
            let product = TestProduct(
                matrix: TestMatrix(type, shape, &random),
                activations: TestActivations(random.normalFloats(tokens * shape.count * shape.columns), shape, kernels, for: type))
            let whole = try #require(product.run(kernels))
            let rowTiles = product.matrix.tiled.rowTileCount
            for _ in 0..<8 {
                var cuts = Set((0..<3).map { _ in Int.random(in: 0...rowTiles, using: &random) }).union([0, rowTiles]).sorted()
                let last = cuts.removeLast()
                let ranges = zip(cuts, cuts.dropFirst() + [last]).map { $0..<$1 }.shuffled(using: &random)
                let parts = try #require(product.run(kernels, rowTiles: ranges))
                #expect(parts.map(\.bitPattern) == whole.map(\.bitPattern), "\(ranges)")
            }
        }
    }

    @Test("Bits do not depend on how a processor wants the work done", arguments: names, WeightType.allCases)
    func tunings(name: String, type: WeightType) throws {
        var random = RandomSource(seed: 7)
        for (count, rows, columns) in [(1, 32, 64), (2, 83, 333), (1, 16, 1000), (1, 40, 190), (3, 48, 128)] {
            let shape = try Self.shape(count: count, rows: rows, columns: columns)
            let width = count * rows, tokens = 41
            let product = TestProduct(
                matrix: TestMatrix(type, shape, &random),
                activations: TestActivations(random.normalFloats(tokens * count * columns), shape, Kernels.scalar, for: type),
                bias: columns != 64 ? random.floats(width) : nil, before: count > 1 ? random.floats(tokens * width) : nil)
            for tokens in [1, 2, 15, 16, 17, 24, 33, 41] {
                let results = try Tuning.all.map { tuning in
                    let kernels = try #require(Kernels.named(name, tuning))
                    return try #require(product.run(kernels, tokens: tokens)).map(\.bitPattern)
                }
                #expect(results.allSatisfy { $0 == results[0] }, "\(count) × \(rows) × \(columns), \(tokens) tokens")
            }
        }
    }

    @Test("Only kernels that unpack weights want memory for it, and none wants it for floats", arguments: names)
    func strips(name: String) throws {
        let shape = try Self.shape(rows: 100, columns: 2560)
        for tuning in Tuning.all {
            let kernels = try #require(Kernels.named(name, tuning))
            for type in WeightType.allCases {
                let bytes = kernels.unpackedStripBytes(shape, type)
                // A code takes a byte, a scale of 32 of them four more, or eight where it is there for each of two tokens.
                let rows = bytes / (2560 / 32 * (32 + 4))
                let isUnpacked = name != "scalar" && tuning.unpacksStrips && type.isBlockQuantized
                #expect(isUnpacked ? [4, 8, 16, 32].contains(rows) && bytes % 64 == 0 : bytes == 0)
            }
        }
    }

    @Test("A row of the embedding is its weights times the scale", arguments: names, WeightType.allCases)
    func rows(name: String, type: WeightType) throws {
        let kernels = try Self.kernels(name)
        var random = RandomSource(seed: 6)
        for columns in [1, 63, 64, 200] {
            let shape = try Self.shape(rows: 37, columns: columns)
            let matrix = TestMatrix(type, shape, &random)
            for row in [0, 15, 16, 36] {
                let output = GuardedMemory(repeating: Float.nan, count: columns)
                kernels.row(matrix.tiled, row, 50.5, output.pointer)
                for column in 0..<columns {
                    let exact = matrix.weight(0, row, column) * 50.5
                    #expect(abs(Double(output.pointer[column]) - exact) <= exact.magnitude * 0x1p-22)
                }
                #expect(output.isIntact)
            }
        }
    }
}
