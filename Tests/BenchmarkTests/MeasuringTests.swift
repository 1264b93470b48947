import Kernels
import Testing
import Tiles

@testable import Benchmark

/// That measuring works; how fast this machine is, no test can know.
@Suite struct MeasuringTests {
    @Test func bufferLeavesRoomForTheModel() {
        let (kib, mib, gib) = (1 << 10, 1 << 20, 1 << 30)
        // Memory in plenty.
        #expect(StreamBuffer.suitableBytes(available: 20 * gib, reserved: 2 * gib, cache: 32 * mib) == gib)
        // Half of what a model leaves of two.
        #expect(StreamBuffer.suitableBytes(available: 2 * gib, reserved: 3 * gib / 2, cache: mib) == gib / 4)
        // Always more than a cache holds.
        #expect(StreamBuffer.suitableBytes(available: gib, reserved: 2 * gib, cache: 32 * mib) == 128 * mib)
        // Whole huge pages.
        #expect(StreamBuffer.suitableBytes(available: 100 * mib + kib, reserved: 0, cache: mib) % (2 * mib) == 0)
    }

    /// Reading is not optimized away: every line counts.
    @Test func digestDependsOnEveryLine() throws {
        let buffer = try #require(StreamBuffer(byteCount: 1 << 13))
        func digest() -> UInt64 { StreamReader.digest(buffer.start, buffer.byteCount) }
        let whole = digest()
        for offset in stride(from: 0, to: buffer.byteCount, by: StreamReader.line) {
            let byte = buffer.start.load(fromByteOffset: offset, as: UInt8.self)
            buffer.start.storeBytes(of: byte ^ 0x80, toByteOffset: offset, as: UInt8.self)
            #expect(digest() != whole)
            buffer.start.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
        #expect(digest() == whole)
    }

    @Test func everyLimitIsAPositiveNumber() throws {
        let buffer = try #require(StreamBuffer(byteCount: 4 << 20))
        for threads in [1, 2, 3] {
            let machine = Machine(threads: threads, kernels: Kernels.best, buffer: buffer)
            for (unit, type) in [(Speed.Unit.bytes, WeightType.q4), (.operations, .q4), (.operations, .f32)] {
                let limit = machine.limit(unit, type)
                #expect(limit.isFinite && limit > 0)
            }
            let split = ForkJoin.measure(team: machine.team)
            #expect(split > 0 && split < 1)
        }
    }

    @Test func coresExecuteSomeInstructionsPerCycle() {
        for threads in [1, 3] {
            let most = CoreProbe.measure(team: ThreadTeam(count: threads))
            // From the narrowest in-order core to more than any has.
            #expect(most > 0.5 && most < 32)
        }
    }

    @Test(arguments: WeightType.allCases, [1, 64])
    func kernelIsMeasuredOnAPartThatFits(_ type: WeightType, tokens: Int) throws {
        let buffer = try #require(StreamBuffer(byteCount: 2 << 20))
        let machine = Machine(threads: 2, kernels: Kernels.best, buffer: buffer)
        let shape = try #require(MatrixShape(rows: 100_000, columns: 512))
        let benchmark = MatrixBenchmark(machine: machine, type: type, seconds: 0.01)
        let result = benchmark.measure(MatrixCase(name: "large", shape: shape), tokens: tokens)
        #expect(result.shape.columns == 512)
        #expect(result.shape.byteCount(type) <= buffer.byteCount)
        #expect(result.speed.unit == (tokens == 1 ? .bytes : .operations))
        #expect(result.seconds.values.allSatisfy { $0 > 0 })
    }

    @Test func randomTilesAreFiniteAndFillTheBuffer() throws {
        let buffer = try #require(StreamBuffer(byteCount: 3 << 20))
        for type in [WeightType.f16, .q8, .q4] {
            RandomTiles.fill(buffer, type)
            // The f16 scales of the last whole tile, or as many of its weights.
            let tile = buffer.start + (buffer.byteCount / type.bytesPerTile - 1) * type.bytesPerTile
            for index in 0..<Tile.rows * Tile.blocks {
                // Without the sign: exponent 2^-6 and any fraction.
                let bits = tile.load(fromByteOffset: 2 * index, as: UInt16.self) & 0x7FFF
                #expect((0x2400..<0x2800).contains(bits))
            }
        }
    }
}
