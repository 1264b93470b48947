import KernelTypes
import Quantization
import TestSupport
import Testing
import Tiles

@Suite struct BlockTileTests {
    private let block = MatrixShape(rows: 1, columns: 32)!

    /// One block, stored and read back.
    private func stored(_ weights: [Float], _ type: WeightType) throws -> (scale: Float, weights: [Float]) {
        let tiles = try TileEncoder(type).encode(weights, shape: block)
        return (
            TileDocument.scale(tiles, type, block, row: 0, block: 0),
            tiles.withUnsafeBytes { TileDecoder(type).decode($0.baseAddress!, shape: block) }
        )
    }

    @Test func theScaleOfQ8IsTheRounded127thOfTheLargest() throws {
        var random = RandomSource(seed: 4)
        for _ in 0..<200 {
            let weights = random.normalFloats(32, deviation: 0.02)
            let (scale, stored) = try stored(weights, .q8)
            #expect(scale == Float(Float16(weights.map(\.magnitude).max()! / 127)))
            for (weight, value) in zip(weights, stored) { #expect(abs(weight - value) <= scale * 0.5001) }
        }
    }

    @Test func codesRoundHalvesToEven() throws {
        let (scale, stored) = try stored([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 63.5] + [Float](repeating: 0, count: 24), .q8)
        #expect(scale == 1)
        #expect(Array(stored.prefix(8)) == [127, 0, 2, 2, 0, -2, -2, 64])
    }

    @Test func theLargestWeightOfQ4MeetsCodeMinus8WhateverItsSign() throws {
        for sign: Float in [1, -1] {
            let weights = [sign * 8] + (0..<31).map { Float($0 % 15 - 7) * sign }
            let (scale, stored) = try stored(weights, .q4)
            #expect(scale == -sign)
            #expect(stored == weights)
        }
    }

    @Test(arguments: [.q8, .q4] as [WeightType])
    func zerosStayZeros(type: WeightType) throws {
        let (scale, stored) = try stored([Float](repeating: -0.0, count: 32), type)
        #expect(scale == 0)
        #expect(stored.allSatisfy { $0 == 0 })
    }

    @Test(arguments: [.q8, .q4] as [WeightType])
    func aSingleWeightIsKeptToHalfPrecision(type: WeightType) throws {
        for weight: Float in [0.3, -0.3, 0.01, 12_345] {
            let weights = [Float](repeating: 0, count: 31) + [weight]
            let (_, stored) = try stored(weights, type)
            #expect(abs(stored[31] - weight) <= weight.magnitude * 0x1p-11)
            #expect(stored.dropLast().allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: [.q8, .q4] as [WeightType])
    func scalesTooSmallForAllTheirBitsLoseNoMoreThanACode(type: WeightType) throws {
        // From normal scales down to the smallest half, 2^-24, and below.
        let codes: Float = type == .q8 ? 127 : 8
        for exponent in -40 ... -10 {
            for fraction: Float in [1, 1.2, 1.4, 1.6, 1.9] {
                let largest = fraction * Float(sign: .plus, exponent: exponent, significand: 1) * codes
                let weights = (0..<32).map { largest * (1 - Float($0) / 16) }
                let (scale, stored) = try stored(weights, type)
                let code = scale == 0 ? 0x1p-24 * codes : scale.magnitude
                for (weight, value) in zip(weights, stored) { #expect(abs(weight - value) <= code * 1.01, "\(largest)") }
            }
        }
    }

    @Test(arguments: [.q8, .q4] as [WeightType])
    func aWeightWhoseScaleIsBeyondHalfPrecisionIsAnError(type: WeightType) throws {
        let codes: Float = type == .q8 ? 127 : 8
        var weights = [Float](repeating: 1, count: 32)
        weights[7] = -65_504 * codes
        #expect(try stored(weights, type).weights[7] == weights[7])
        weights[7] = -65_520 * codes
        #expect(throws: QuantizationError(row: 0, column: 7, value: weights[7])) { try stored(weights, type) }
        weights[7] = 3e38
        #expect(throws: QuantizationError(row: 0, column: 7, value: 3e38)) { try stored(weights, type) }
    }

    @Test(arguments: WeightType.allCases)
    func theSameWeightsGiveTheSameBytes(type: WeightType) throws {
        var random = RandomSource(seed: 5)
        let shape = MatrixShape(rows: 33, columns: 200)!
        let weights = random.normalFloats(shape.weightCount)
        #expect(try TileEncoder(type).encode(weights, shape: shape) == TileEncoder(type).encode(weights, shape: shape))
    }

    @Test(arguments: WeightType.allCases)
    func figuresSayHowFarTheStoredWeightsAre(type: WeightType) throws {
        var random = RandomSource(seed: 6)
        let weights = random.normalFloats(16 * 128, deviation: 0.1)
        let panel = Panel(columns: 128)
        weights.withUnsafeBufferPointer { panel.load(rows: $0.baseAddress!, stride: 128, count: 16) }
        let tiles = UnsafeMutableRawPointer.allocate(byteCount: 2 * type.bytesPerTile, alignment: 64)
        defer { tiles.deallocate() }
        let figures = try TileEncoder(type).encode(panel, into: tiles)
        let stored = TileDecoder(type).decode(tiles, shape: MatrixShape(rows: 16, columns: 128)!)

        let errors = zip(weights, stored).map { Double($0 - $1) }
        let squares = weights.reduce(0) { $0 + Double($1) * Double($1) }
        let squaredErrors = errors.reduce(0) { $0 + $1 * $1 }
        #expect(abs(figures.squares - squares) <= 1e-5 * squares)
        #expect(abs(figures.squaredErrors - squaredErrors) <= 1e-5 * squaredErrors)
        #expect(figures.largestWeight == weights.map(\.magnitude).max())
        #expect(Double(figures.largestError) == errors.map(\.magnitude).max())
        #expect(abs(figures.relativeError - (squaredErrors / squares).squareRoot()) <= 1e-5)
        #expect(ErrorFigures().relativeError == 0)
    }
}
