import KernelTypes
import Kernels
import Quantization
import TestSupport
import Testing
import Tiles

/// All sets of codecs write the same bytes, and those of the references.
@Suite struct CodecSetTests {
    /// What weights of 16 × 200 look like: those of models, and those that no model has.
    enum Kind: CaseIterable {
        case normal, even, outliers, zeros, tiny, subnormal, large, allSizes, opposite, whole

        func weights(_ random: inout RandomSource) -> [Float] {
            let count = 16 * 200
            return switch self {
            case .normal: random.normalFloats(count, deviation: 0.03)
            case .even: random.floats(count)
            case .outliers: random.normalFloats(count, deviation: 0.03).enumerated().map { $0 % 37 == 0 ? 40 * $1 : $1 }
            case .zeros: random.floats(count).enumerated().map { $0 % 3 == 0 || $0 / 32 % 2 == 0 ? [0, -0][$0 % 2] : $1 }
            case .tiny: random.floats(count).map { $0 * 0x1p-17 }
            case .subnormal: random.floats(count).map { $0 * 0x1p-135 }
            case .large: random.floats(count).map { $0 * 65_000 }
            case .allSizes:
                random.floats(count).map {
                    $0 * Float(sign: .plus, exponent: .random(in: -149...15, using: &random), significand: 1)
                }
            case .opposite: (0..<count).map { [1, -0.93, -1, 0.5][$0 / 7 % 4] * 0.7 }
            case .whole: (0..<count).map { Float($0 * 31 % 33 - 16) / 2 }
            }
        }
    }

    private static let columns = 200
    private static let shape = MatrixShape(rows: 16, columns: columns)!

    private func panel(_ weights: [Float], importance: [Float]?) -> Panel {
        let panel = Panel(columns: Self.columns)
        weights.withUnsafeBufferPointer { panel.load(rows: $0.baseAddress!, stride: Self.columns, count: 16) }
        importance?.withUnsafeBufferPointer { panel.setImportance($0.baseAddress!) }
        return panel
    }

    /// The tiles that `encode` writes, and what it returns.
    private func tiles(
        _ type: WeightType, _ encode: (UnsafeMutableRawPointer) throws -> ErrorFigures
    ) rethrows -> (bytes: [UInt8], figures: ErrorFigures) {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: Self.shape.byteCount(type), alignment: 64)
        defer { bytes.deallocate() }
        let figures = try encode(bytes)
        return (Array(UnsafeRawBufferPointer(start: bytes, count: Self.shape.byteCount(type))), figures)
    }

    private func importances(_ random: inout RandomSource) -> [[Float]?] {
        let count = Self.columns
        return [
            nil, random.floats(count, in: 0...3), (0..<count).map { Float(sign: .plus, exponent: $0 % 40 - 20, significand: 1) },
        ]
    }

    @Test func theOneForEveryProcessorIsThere() {
        #expect(Codecs.available.first?.name == (Codecs.available.count > 1 ? "x86-64" : Codecs.best.name))
        #expect(Set(Codecs.available.map(\.name)).count == Codecs.available.count)
    }

    @Test(arguments: Kind.allCases, WeightType.allCases)
    func writeTheSameTiles(kind: Kind, type: WeightType) throws {
        var random = RandomSource(seed: 31)
        for _ in 0..<5 {
            let weights = kind.weights(&random)
            for importance in importances(&random) {
                let panel = panel(weights, importance: importance)
                let all = try Codecs.available.map { codecs in
                    try tiles(type) { try TileEncoder(type, codecs: codecs).encode(panel, into: $0) }
                }
                for (found, codecs) in zip(all, Codecs.available) {
                    #expect(found.bytes == all[0].bytes && found.figures == all[0].figures, "\(codecs.name)")
                }
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func q4IsTheReferences(kind: Kind) throws {
        var random = RandomSource(seed: 32)
        for _ in 0..<3 {
            let weights = kind.weights(&random)
            for importance in importances(&random) {
                let panel = panel(weights, importance: importance),
                    counted = importance ?? [Float](repeating: 1, count: Self.columns)
                for codecs in Codecs.available {
                    let found = try tiles(.q4) { try TileEncoder(.q4, codecs: codecs).encode(panel, into: $0) }.bytes
                    for (row, block) in (0..<16).flatMap({ row in (0..<7).map { (row, $0) } }) {
                        let columns = block * 32..<min(Self.columns, block * 32 + 32), padding = 32 - columns.count
                        let block = columns.map { weights[row * Self.columns + $0] } + [Float](repeating: 0, count: padding)
                        let scale = SearchReference.scale(block, counted[columns] + [Float](repeating: 1, count: padding))
                        for (index, column) in columns.enumerated() {
                            let stored = TileDocument.weight(found, .q4, Self.shape, matrix: 0, row: row, column: column)
                            #expect(
                                stored == SearchReference.code(block[index], scale == 0 ? 0 : 1 / scale) * scale, "\(codecs.name)")
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func giveTheSameFeedback(kind: Kind) throws {
        var random = RandomSource(seed: 33)
        let mixture = random.normalFloats(Self.columns * 6)
        let triangle = (0..<Self.columns).flatMap { row in
            (0...row).map { column -> Float in
                (0..<6).reduce(row == column ? 0.3 : 0) { $0 + mixture[row * 6 + $1] * mixture[column * 6 + $1] }
            }
        }
        let covariance = try InputCovariance(lowerTriangle: triangle, inputs: Self.columns)
        for _ in 0..<3 {
            let panel = panel(kind.weights(&random), importance: nil)
            let all = try Codecs.available.map { codecs in
                try tiles(.q4) { try ErrorFeedback(codecs: codecs).encode(panel, [covariance], into: $0) }
            }
            for (found, codecs) in zip(all, Codecs.available) {
                #expect(found.bytes == all[0].bytes && found.figures == all[0].figures, "\(codecs.name)")
            }
        }
    }

    /// Any bytes, scales that are infinite or NaN included.
    @Test(arguments: WeightType.allCases)
    func readAndCompareAlike(type: WeightType) throws {
        var random = RandomSource(seed: 34)
        let original = panel(Kind.normal.weights(&random), importance: nil)
        for _ in 0..<20 {
            let bytes = (0..<Self.shape.byteCount(type)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let all = Codecs.available.map { codecs -> (weights: [UInt32], figures: ErrorFigures) in
                let panel = Panel(columns: Self.columns)
                var weights = [Float](repeating: 0, count: 16 * Self.columns)
                bytes.withUnsafeBytes { TileDecoder(type, codecs: codecs).decode($0.baseAddress!, into: panel) }
                weights.withUnsafeMutableBufferPointer { panel.store(rows: $0.baseAddress!, stride: Self.columns, count: 16) }
                return (weights.map(\.bitPattern), original.errorFigures(ofStored: panel, codecs: codecs))
            }
            for (found, codecs) in zip(all, Codecs.available) {
                #expect(found.weights == all[0].weights, "\(codecs.name)")
                #expect(
                    found.figures == all[0].figures
                        || !found.figures.squaredErrors.isFinite && !all[0].figures.squaredErrors.isFinite,
                    "\(codecs.name)")
            }
        }
    }

    @Test(arguments: [(.f16, 65_520), (.q8, 127 * 65_520), (.q4, 8 * 65_520)] as [(WeightType, Float)])
    func refuseTheSameWeights(type: WeightType, overflow: Float) throws {
        var random = RandomSource(seed: 35)
        for place in [0, 15, 63, 64, 130, 199] {
            var weights = Kind.normal.weights(&random)
            weights[(place % 16) * Self.columns + place] = -overflow
            let panel = panel(weights, importance: nil)
            for codecs in Codecs.available {
                #expect(throws: QuantizationError(row: place % 16, column: place, value: -overflow), "\(codecs.name)") {
                    try tiles(type) { try TileEncoder(type, codecs: codecs).encode(panel, into: $0) }
                }
            }
        }
    }
}
