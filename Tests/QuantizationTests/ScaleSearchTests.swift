import Quantization
import TestSupport
import Testing
import Tiles

@Suite struct ScaleSearchTests {
    private let shape = MatrixShape(rows: 16, columns: 64)!
    private let blocks = (0..<32).map { $0 * 32..<($0 + 1) * 32 }

    /// The tiles of 16 × 64 weights.
    private func tiles(_ weights: [Float], importance: [Float]? = nil) throws -> [UInt8] {
        let panel = Panel(columns: 64)
        weights.withUnsafeBufferPointer { panel.load(rows: $0.baseAddress!, stride: 64, count: 16) }
        importance?.withUnsafeBufferPointer { panel.setImportance($0.baseAddress!) }
        return try encode(panel, .q4)
    }

    /// The scales of the blocks in ``blocks``.
    private func scales(_ tiles: [UInt8]) -> [Float] {
        blocks.map { TileDocument.scale(tiles, .q4, shape, row: $0.lowerBound / 64, block: $0.lowerBound / 32 % 2) }
    }

    /// The scales of plain rounding: the weight of the largest magnitude becomes code -8; of two such weights, the negative one.
    private func plainScales(_ weights: [Float]) -> [Float] {
        blocks.map { Float(Float16((weights[$0].max { ($0.magnitude, -$0) < ($1.magnitude, -$1) } ?? 0) / -8)) }
    }

    /// The squared errors under given scales, each times the importance of its input, per block.
    private func errors(_ weights: [Float], _ scales: [Float], importance: [Float]? = nil) -> [Double] {
        zip(blocks, scales).map { block, scale in
            block.reduce(0) { sum, index in
                let code = scale == 0 ? 0 : min(7, max(-8, (weights[index] / scale).rounded(.toNearestOrEven)))
                let error = Double(weights[index] - code * scale)
                return sum + error * error * Double(importance?[index % 64] ?? 1)
            }
        }
    }

    @Test func codesAreTheNearestUnderTheStoredScale() throws {
        var random = RandomSource(seed: 9)
        let weights = random.normalFloats(16 * 64)
        let tiles = try tiles(weights)
        let stored = tiles.withUnsafeBytes { TileDecoder(.q4).decode($0.baseAddress!, shape: shape) }
        let squares = zip(weights, stored).map { Double($0 - $1) * Double($0 - $1) }
        let found = blocks.map { squares[$0].reduce(0, +) }
        for (found, best) in zip(found, errors(weights, scales(tiles))) { #expect(abs(found - best) <= best * 1e-4) }
    }

    @Test(arguments: 0..<40)
    func isNeverWorseThanPlainRounding(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        // Some thousand blocks per seed: a scale that f16 rounds can give a weight another code, and that matters in one block of
        // 10,000.
        for round in 0..<60 {
            var weights = random.normalFloats(16 * 64, deviation: 0.03)
            // Also blocks that are even, that have an outlier, and that are almost all zero.
            for index in 0..<64 { weights[index] = random.float() }
            for row in 1..<5 { weights[row * 64 + 9] = random.float(in: -2...2) }
            for index in 5 * 64..<6 * 64 where index % 7 != 0 { weights[index] = 0 }
            let importance = round % 2 == 0 ? nil : random.floats(64, in: 0...3)
            let found = errors(weights, try scales(tiles(weights, importance: importance)), importance: importance)
            let plain = errors(weights, plainScales(weights), importance: importance)
            // What is lost in the search's sums, which are f32.
            let lost = errors(weights, blocks.map { _ in 0 }, importance: importance).map { $0 * 5e-7 }
            for index in blocks.indices { #expect(found[index] <= plain[index] + lost[index]) }
        }
    }

    @Test func takesATenthOffTheErrorAndComesNearTheBestScale() throws {
        var random = RandomSource(seed: 7)
        var found = 0.0, plain = 0.0, best = 0.0
        for _ in 0..<10 {
            let weights = random.normalFloats(16 * 64)
            let plainScales = plainScales(weights)
            found += try errors(weights, scales(tiles(weights))).reduce(0, +)
            plain += errors(weights, plainScales).reduce(0, +)
            var bestOfBlock = [Double](repeating: .infinity, count: blocks.count)
            for step in -150...150 {
                let tried = errors(weights, plainScales.map { $0 * (1 + Float(step) / 500) })
                bestOfBlock = zip(bestOfBlock, tried).map { min($0, $1) }
            }
            best += bestOfBlock.reduce(0, +)
        }
        #expect(found < plain * 0.9)
        #expect(found < best * 1.01)
    }

    @Test func importanceGivesUpWhatDoesNotCount() throws {
        var random = RandomSource(seed: 8)
        let weights = random.normalFloats(16 * 64)
        // The weights of every fourth input determine the result.
        let importance = (0..<64).map { Float($0 % 4 == 0 ? 1 : 0.01) }
        let with = errors(weights, try scales(tiles(weights, importance: importance)), importance: importance).reduce(0, +)
        let without = errors(weights, try scales(tiles(weights)), importance: importance).reduce(0, +)
        #expect(with < without * 0.9)
    }

    @Test func inputsWithoutImportanceDoNoHarm() throws {
        let weights = (0..<16 * 64).map { Float($0 % 13) - 6 }
        let scales = try scales(tiles(weights, importance: [Float](repeating: 0, count: 64)))
        #expect(scales == plainScales(weights))
    }

    @Test func aLargerScaleIsNotTakenBeyondHalfPrecision() throws {
        // Two values that codes -8 and 7, and so a larger scale, would fit better.
        let weights = (0..<16 * 64).map { Float([1, -0.93][$0 % 2]) * 65_500 * 8 }
        #expect(try scales(tiles(weights)).allSatisfy { $0.isFinite })
    }
}
