import Quantization
import TestSupport
import Testing
import Tiles

@Suite struct FloatTileTests {
    /// Compares what is stored as f16 with Swift's own conversion.
    private func expectNarrowed(_ numbers: [Float]) throws {
        let padded = numbers + [Float](repeating: 0, count: (64 - numbers.count % 64) % 64)
        let shape = MatrixShape(rows: padded.count / 64, columns: 64)!
        let tiles = try TileEncoder(.f16).encode(padded, shape: shape)
        var wrong: [Float] = []
        tiles.withUnsafeBytes { bytes in
            for (index, number) in padded.enumerated() {
                let row = index / 64, column = index % 64
                let place = row / 16 * Tile.weights + column * 16 + row % 16
                let stored = bytes.load(fromByteOffset: 2 * place, as: UInt16.self)
                if stored != Float16(number).bitPattern { wrong.append(number) }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
        let decoded = tiles.withUnsafeBytes { TileDecoder(.f16).decode($0.baseAddress!, shape: shape) }
        #expect(zip(decoded, padded).allSatisfy { $0.bitPattern == Float(Float16($1)).bitPattern })
    }

    @Test func everyHalfIsStoredAsItself() throws {
        try expectNarrowed(
            (0..<0x7C00).flatMap { (bits: UInt16) in
                [Float(Float16(bitPattern: bits)), Float(Float16(bitPattern: bits | 0x8000))]
            })
    }

    @Test func numbersBetweenHalvesGoToTheNearestAndFromTheMiddleToTheEvenOne() throws {
        try expectNarrowed(
            (0..<0x7BFF).flatMap { (bits: UInt16) in
                let middle = (Float(Float16(bitPattern: bits)) + Float(Float16(bitPattern: bits + 1))) / 2
                return [middle.nextDown, middle, middle.nextUp, -middle.nextDown, -middle, -middle.nextUp]
            })
    }

    @Test func anyBitPatternInRangeIsStoredAsSwiftConvertsIt() throws {
        var random = RandomSource(seed: 3)
        try expectNarrowed(
            (0..<400_000).compactMap { _ in
                let number = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
                return number.magnitude < 65_520 ? number : nil
            })
        try expectNarrowed([0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 65_504, -65_519.996])
    }

    @Test(arguments: [65_520, -65_520, 1e38] as [Float])
    func aNumberThatWouldBecomeInfiniteIsAnError(number: Float) {
        var weights = [Float](repeating: 1, count: 20 * 70)
        weights[17 * 70 + 66] = number
        #expect(throws: QuantizationError(row: 17, column: 66, value: number)) {
            try TileEncoder(.f16).encode(weights, shape: MatrixShape(rows: 20, columns: 70)!)
        }
    }

    @Test func f32KeepsEveryBit() throws {
        let numbers: [Float] = [0, -0.0, .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, 0.1, -1 / 3]
        let shape = MatrixShape(rows: 1, columns: numbers.count)!
        let tiles = try TileEncoder(.f32).encode(numbers, shape: shape)
        let decoded = tiles.withUnsafeBytes { TileDecoder(.f32).decode($0.baseAddress!, shape: shape) }
        #expect(decoded.map(\.bitPattern) == numbers.map(\.bitPattern))
    }
}
