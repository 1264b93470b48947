import KernelTypes
import Kernels
import TestSupport
import Testing
import Tiles

@Suite("Quantized activations")
struct QuantizeTests {
    static let names = Kernels.available.map(\.name)

    @Test("The widest scale is the widest of all types'")
    func widestScale() {
        #expect(QuantizedActivations.widestScale == WeightType.allCases.compactMap(\.properties.blocksPerActivationScale).max())
    }

    @Test("Codes are the nearest to x / scale, scales are the largest / 127, sums are the codes' sums", arguments: names, [1, 4])
    func nearest(name: String, blocksPerScale: Int) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 7)
        for (count, columns) in [(1, 1), (1, 32), (1, 33), (3, 64), (2, 95), (5, 160), (2, 300)] {
            let shape = try #require(MatrixShape(count: count, rows: 1, columns: columns))
            let values = random.normalFloats(4 * count * columns, deviation: 3)
            let activations = TestActivations(values, shape, kernels, blocksPerScale: blocksPerScale)
            let blocks = shape.columnTiles * 2
            for index in 0..<4 * count * blocks {
                let first = index % blocks * 32
                let start = index / blocks * columns + first
                let block = first < columns ? Array(values[start..<start + min(32, columns - first)]) : []
                let scale = activations.scales.pointer[index]
                let codes = (0..<32).map { Int(activations.codes.pointer[index * 32 + $0]) }
                // All that share the scale.
                let shared = first / (32 * blocksPerScale) * 32 * blocksPerScale
                let group = values[(start - first)...].prefix(columns).dropFirst(shared).prefix(32 * blocksPerScale)
                #expect(scale == (group.map(\.magnitude).max() ?? 0) / 127)
                #expect(Int(activations.sums.pointer[index]) == codes.reduce(0, +))
                for (place, code) in codes.enumerated() {
                    let exact = place < block.count ? Double(block[place]) / Double(scale) : 0
                    #expect(abs(Double(code) - exact) <= 0.5 + 1e-4, "block \(index), place \(place)")
                }
            }
            #expect(activations.codes.isIntact && activations.scales.isIntact && activations.sums.isIntact)
        }
    }

    @Test("Every set makes the same codes, scales and sums as the scalar reference", arguments: names, [1, 4])
    func agreement(name: String, blocksPerScale: Int) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 8)
        let shape = try #require(MatrixShape(count: 3, rows: 1, columns: 210))
        // Halves of the scale's unit, where the rounding of ties shows, among other numbers.
        var values = random.normalFloats(20 * 3 * 210)
        for index in stride(from: 0, to: values.count, by: 3) {
            values[index] = Float(Int.random(in: -254...254, using: &random)) / 2
        }
        let one = TestActivations(values, shape, kernels, blocksPerScale: blocksPerScale)
        let other = TestActivations(values, shape, Kernels.scalar, blocksPerScale: blocksPerScale)
        #expect(one.codes.elements == other.codes.elements)
        #expect(one.scales.elements == other.scales.elements)
        #expect(one.sums.elements == other.sums.elements)
    }

    @Test("An infinity or a NaN is told wherever it lies; the largest numbers are none", arguments: names, [1, 4])
    func telling(name: String, blocksPerScale: Int) throws {
        let kernels = try #require(Kernels.named(name))
        var random = RandomSource(seed: 9)
        let bits: [UInt32] = [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF]
        for (count, columns) in [(1, 1), (1, 33), (3, 64), (2, 95), (5, 160)] {
            let shape = try #require(MatrixShape(count: count, rows: 1, columns: columns))
            let values = random.normalFloats(3 * count * columns, deviation: 1e30).map { max(-3e38, min(3e38, $0)) }
            #expect(TestActivations(values, shape, kernels, blocksPerScale: blocksPerScale).areFinite)
            // Every place of some blocks, and a few of all others.
            for index in values.indices where index < 70 || index % 23 == 0 {
                var bent = values
                bent[index] = Float(bitPattern: bits[index % 5])
                let one = TestActivations(bent, shape, kernels, blocksPerScale: blocksPerScale)
                #expect(!one.areFinite, "\(bent[index]) at \(index)")
                let other = TestActivations(bent, shape, Kernels.scalar, blocksPerScale: blocksPerScale)
                #expect(one.codes.elements == other.codes.elements && one.scales.elements == other.scales.elements)
            }
        }
        let shape = try #require(MatrixShape(rows: 1, columns: 4))
        let largest: [Float] = [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0]
        #expect(TestActivations(largest, shape, kernels, blocksPerScale: 1).areFinite)
    }

    @Test("NaN becomes 0, an infinity the largest number, and what is too small 0", arguments: names)
    func special(name: String) throws {
        let kernels = try #require(Kernels.named(name))
        let shape = try #require(MatrixShape(rows: 1, columns: 32 * 6))
        var values = [Float](repeating: 0, count: 32 * 6)
        values.replaceSubrange(0..<3, with: [.nan, 2, -1])
        values.replaceSubrange(32..<35, with: [.infinity, 1, -.infinity])
        values.replaceSubrange(64..<66, with: [.leastNonzeroMagnitude, -1e-38])
        values.replaceSubrange(96..<98, with: [.nan, -.nan])
        values.replaceSubrange(128..<130, with: [1.5e-36, -1.5e-36])
        values.replaceSubrange(160..<162, with: [-.greatestFiniteMagnitude, .greatestFiniteMagnitude / 2])
        let result = TestActivations(values, shape, kernels, blocksPerScale: 1)
        func codes(_ block: Int) -> [Int8] { (0..<3).map { result.codes.pointer[32 * block + $0] } }
        #expect(codes(0) == [0, 127, -64] && result.scales.pointer[0] == 2 / 127)
        #expect(codes(1) == [127, 0, -127] && result.scales.pointer[1] == .greatestFiniteMagnitude / 127)
        #expect(codes(2) == [0, 0, 0] && result.scales.pointer[2] == 0)
        #expect(codes(3) == [0, 0, 0] && result.scales.pointer[3] == 0)
        #expect(codes(4) == [127, -127, 0] && result.scales.pointer[4] == 1.5e-36 / 127)
        #expect(codes(5) == [-127, 64, 0])
        #expect((0..<6).map { result.sums.pointer[$0] } == [63, 0, 0, 0, 0, -63])
    }
}
