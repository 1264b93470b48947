import Quantization
import TestSupport
import Testing
import Tiles

@Suite struct ErrorFeedbackTests {
    /// Second moments of inputs, as a matrix and as what is given to the code.
    private struct Inputs {
        let moments: [[Float]]

        /// Of random inputs that follow from a few causes, and differ in size.
        init(_ count: Int, _ random: inout RandomSource, causes: Int = 12, noise: Float = 0.5) {
            let sizes = random.floats(count, in: 0.2...2)
            let mixture = random.normalFloats(count * causes)
            moments = (0..<count).map { row in
                (0..<count).map { column in
                    var sum: Float = row == column ? noise * noise * Float(causes) : 0
                    for cause in 0..<causes { sum += mixture[row * causes + cause] * mixture[column * causes + cause] }
                    return sum * sizes[row] * sizes[column]
                }
            }
        }

        init(moments: [[Float]]) { self.moments = moments }

        var triangle: [Float] { moments.indices.flatMap { moments[$0][...$0] } }

        func covariance() throws -> InputCovariance { try InputCovariance(lowerTriangle: triangle, inputs: moments.count) }

        /// tr(E H Eᵀ): the mean squared error of rows that are off by E.
        func loss(_ errors: [[Double]]) -> Double {
            errors.reduce(0) { total, row in
                total
                    + moments.indices.reduce(0) { sum, first in
                        sum + row[first] * moments.indices.reduce(0) { $0 + Double(moments[first][$1]) * row[$1] }
                    }
            }
        }
    }

    /// The stored weights of a matrix of up to 16 rows.
    private func decoded(_ tiles: [UInt8], _ shape: MatrixShape) -> [Float] {
        tiles.withUnsafeBytes { TileDecoder(.q4).decode($0.baseAddress!, shape: shape) }
    }

    private func tiles(_ panel: Panel, _ groups: [Inputs]) throws -> [UInt8] {
        let covariances = try groups.map { try $0.covariance() }
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: panel.columnTiles * WeightType.q4.bytesPerTile, alignment: 64)
        defer { bytes.deallocate() }
        _ = try ErrorFeedback().encode(panel, covariances, into: bytes)
        return Array(UnsafeRawBufferPointer(start: bytes, count: panel.columnTiles * WeightType.q4.bytesPerTile))
    }

    private func panel(_ weights: [Float], rows: Int, columns: Int) -> Panel {
        let panel = Panel(columns: columns)
        weights.withUnsafeBufferPointer { panel.load(rows: $0.baseAddress!, stride: columns, count: rows) }
        return panel
    }

    @Test(arguments: 0..<40)
    func resultsAreNeverFurtherThanWithTheSearchAlone(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        let columns = [32, 64, 100, 192, 256][seed % 5]
        // From hardly to strongly correlated.
        let inputs = Inputs(columns, &random, causes: [3, 12, 200][seed % 3], noise: [0.2, 0.5, 2][seed / 3 % 3])
        let weights = random.normalFloats(16 * columns, deviation: 0.03)
        let panel = panel(weights, rows: 16, columns: columns), shape = MatrixShape(rows: 16, columns: columns)!
        func loss(_ tiles: [UInt8]) -> Double {
            let stored = decoded(tiles, shape)
            return inputs.loss(
                (0..<16).map { row in
                    (0..<columns).map { Double(weights[row * columns + $0]) - Double(stored[row * columns + $0]) }
                })
        }
        let found = loss(try tiles(panel, [inputs])), plain = loss(try encode(panel, .q4))
        inputs.moments.indices.map { inputs.moments[$0][$0] }.withUnsafeBufferPointer { panel.setImportance($0.baseAddress!) }
        let weighted = loss(try encode(panel, .q4))
        #expect(found < min(plain, weighted), "\(found), \(weighted) with mean squares, \(plain)")
        // Where few causes move many inputs.
        guard seed % 3 == 0, seed / 3 % 3 < 2, columns >= 100 else { return }
        #expect(found < 0.5 * weighted, "\(found), \(weighted) with mean squares")
    }

    @Test(arguments: [(1, 1), (16, 64), (5, 70), (16, 192), (11, 256)])
    func isTheReferenceToTheByte(rows: Int, columns: Int) throws {
        var random = RandomSource(seed: UInt64(columns))
        let inputs = Inputs(columns, &random)
        var weights = random.normalFloats(rows * columns, deviation: 0.02)
        // Blocks of zeros, and of outliers.
        for column in 0..<min(40, columns) { weights[column] = 0 }
        if rows > 3, columns > 50 { weights[3 * columns + 50] = 4 }
        let stored = decoded(
            try tiles(panel(weights, rows: rows, columns: columns), [inputs]), MatrixShape(rows: rows, columns: columns)!)
        let reference = FeedbackReference(inputs.moments)
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            #expect(Array(stored[range]) == Array(reference.stored(Array(weights[range])).prefix(columns)), "row \(row)")
        }
    }

    @Test func groupsKnowNothingOfEachOther() throws {
        var random = RandomSource(seed: 5)
        let first = Inputs(256, &random), second = Inputs(90, &random)
        let weights = random.normalFloats(16 * 346)
        let both = try tiles(panel(weights, rows: 16, columns: 346), [first, second])
        func part(_ columns: Range<Int>) -> Panel {
            panel((0..<16).flatMap { row in columns.map { weights[row * 346 + $0] } }, rows: 16, columns: columns.count)
        }
        #expect(try both == tiles(part(0..<256), [first]) + tiles(part(256..<346), [second]))
    }

    @Test func inputsThatDoNotGoTogetherGiveWhatTheSearchGives() throws {
        var random = RandomSource(seed: 6)
        let unit = Inputs(moments: (0..<128).map { row in (0..<128).map { row == $0 ? 3 : 0 } })
        let nothing = Inputs(moments: (0..<128).map { _ in [Float](repeating: 0, count: 128) })
        for _ in 0..<10 {
            let weights = random.normalFloats(16 * 128), panel = panel(weights, rows: 16, columns: 128)
            let searched = try encode(panel, .q4)
            // Codes are the nearest, and scales the best for them: the second step can only change the last bit of a scale, and
            // with it a code now and then.
            let shape = MatrixShape(rows: 16, columns: 128)!
            for inputs in [unit, nothing] {
                let found = decoded(try tiles(panel, [inputs]), shape), expected = decoded(searched, shape)
                func loss(_ stored: [Float]) -> Float { zip(weights, stored).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
                #expect(loss(found) <= loss(expected) * 1.000001)
                #expect(loss(found) > loss(expected) * 0.99)
            }
        }
    }

    @Test func paddingIsZero() throws {
        var random = RandomSource(seed: 7)
        let tiles = try tiles(panel([Float](repeating: -1.5, count: 3 * 70), rows: 3, columns: 70), [Inputs(70, &random)])
        let shape = MatrixShape(rows: 3, columns: 70)!
        for row in 0..<16 {
            for column in 0..<128 where row >= 3 || column >= 70 {
                #expect(TileDocument.weight(tiles, .q4, shape, matrix: 0, row: row, column: column) == 0)
            }
        }
    }

    @Test func figuresAreThoseOfTheWeights() throws {
        var random = RandomSource(seed: 8)
        let inputs = Inputs(100, &random)
        let weights = random.normalFloats(16 * 100), panel = panel(weights, rows: 16, columns: 100)
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 2 * WeightType.q4.bytesPerTile, alignment: 64)
        defer { bytes.deallocate() }
        let figures = try ErrorFeedback().encode(panel, [try inputs.covariance()], into: bytes)
        let stored = Panel(columns: 100)
        TileDecoder(.q4).decode(bytes, into: stored)
        let expected = panel.errorFigures(ofStored: stored)
        #expect(figures.largestWeight == expected.largestWeight && figures.largestError == expected.largestError)
        // Sums in f32 in another order.
        #expect(abs(figures.squaredErrors - expected.squaredErrors) < 1e-6 * expected.squaredErrors)
        #expect(abs(figures.squares - expected.squares) < 1e-6 * expected.squares)
    }

    /// Numbers that a model's weights never have: large, small, and both.
    @Test(arguments: [500_000, 1e-7, 1e-30] as [Float])
    func allIsFiniteWhateverTheWeights(size: Float) throws {
        var random = RandomSource(seed: 9)
        let weights = random.floats(16 * 192).map { $0 * size }
        let stored = decoded(
            try tiles(panel(weights, rows: 16, columns: 192), [Inputs(192, &random, causes: 1, noise: 1e-3)]),
            MatrixShape(rows: 16, columns: 192)!)
        #expect(stored.allSatisfy { $0.isFinite })
    }

    @Test func aWeightThatIsTooLargeIsAnError() throws {
        var random = RandomSource(seed: 10)
        var weights = random.normalFloats(16 * 100)
        weights[7 * 100 + 71] = -1e6
        let panel = panel(weights, rows: 16, columns: 100), inputs = Inputs(100, &random)
        #expect(throws: QuantizationError(row: 7, column: 71, value: -1e6)) { try tiles(panel, [inputs]) }
    }

    @Test(
        arguments: [
            ([1, .nan, 1], .notFinite), ([1, .infinity, 1], .notFinite), ([-.infinity, 0, 1], .notFinite),
            ([1, 0, -1], .notPositive),
            ([-1, 0, 1], .notPositive), ([1, 2, 1], .notPositive), ([1, -1.3, 1], .notPositive), ([0, 1, 0], nil),
            ([0x1p-149, 1e38, 0], .notPositive), ([0x1p-149, 0, 0x1p-149], nil), ([3e38, 0, 3e38], nil), ([1, 1, 1], nil),
            ([0, 0, 0], nil),
            ([3e38, 3e38, 3e38], nil), ([0, 0.05, 1], nil), ([0, 0.2, 1], .notPositive),
        ] as [([Float], CovarianceError?)])
    func momentsThatAreNone(triangle: [Float], expected: CovarianceError?) throws {
        var found: CovarianceError?
        do throws(CovarianceError) {
            let covariance = try InputCovariance(lowerTriangle: triangle, inputs: 2)
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: WeightType.q4.bytesPerTile, alignment: 64)
            defer { bytes.deallocate() }
            let figures = try? ErrorFeedback().encode(panel([1, 0.3], rows: 1, columns: 2), [covariance], into: bytes)
            #expect(figures?.relativeError.isFinite == true)
        } catch {
            found = error
        }
        #expect(found == expected)
    }

    @Test(arguments: 0..<200)
    func hostileMomentsAreRefusedOrHarmless(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        let size = [1, 1e30, 1e-38][seed % 3] as Float
        let diagonal = seed % 2 == 0 ? 1 : random.float(in: 0...30)
        let triangle = (0..<96).flatMap { row in
            random.floats(row).map { $0 * size } + [diagonal * size * random.float(in: 0...1)]
        }
        guard let covariance = try? InputCovariance(lowerTriangle: triangle, inputs: 96) else { return }
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 2 * WeightType.q4.bytesPerTile, alignment: 64)
        defer { bytes.deallocate() }
        let panel = panel(random.normalFloats(16 * 96), rows: 16, columns: 96)
        #expect(try ErrorFeedback().encode(panel, [covariance], into: bytes).relativeError.isFinite)
    }
}
