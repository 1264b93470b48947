import Griffin
import KernelTypes
import Kernels
import Testing
import Tiles

@testable import Benchmark

@Suite struct CountingTests {
    /// RecurrentGemma-2B.
    private let configuration = Configuration(
        vocabularySize: 256_000, width: 2560, layerCount: 26, headCount: 10, headDimension: 256, recurrentWidth: 2560,
        mlpWidth: 7680,
        window: 2048, blockPattern: [.recurrent, .recurrent, .attention])

    @Test func matricesOfRecurrentGemma2BAreCountedOnce() {
        let work = WorkCount(configuration)
        #expect(work.headWeights == 256_000 * 2560)
        let recurrent: Int = 3 * 2560 * 2560 + 2 * 10 * 256 * 256
        let attention: Int = 2 * 2560 * 2560 + 2 * 256 * 2560
        let mlp: Int = 3 * 2560 * 7680
        let layers: Int = 18 * recurrent + 8 * attention + 26 * mlp
        #expect(work.layerWeights == layers)
    }

    @Test func promptPassesTheHeadOnce() {
        let work = WorkCount(configuration)
        #expect(work.operations(prompt: 1) == 2 * (work.layerWeights + work.headWeights))
        #expect(work.operations(prompt: 256) == 2 * (256 * work.layerWeights + work.headWeights))
    }

    @Test func productTakesTwoOperationsAWeightAndToken() throws {
        let gates = try #require(MatrixShape(count: 10, rows: 256, columns: 256))
        #expect(gates.operationsPerToken == 2 * 10 * 256 * 256)
        #expect(gates.description == "10×256×256")
        let result = MatrixResult(
            name: "gate", shape: gates, type: .q4, tokens: 64, threads: 1, kernels: "scalar",
            tuning: Kernels.scalar.tuning, seconds: Samples(0.5, 0.25),
            speed: Speed(.operations, Samples(1), limit: Limit(before: 1, after: 1, instructionsPerCycle: (4, 4))))
        let operations = 64.0 * 1_310_720
        #expect(result.operationsPerSecond.values == [2 * operations, 4 * operations])
        let bytes = 655_360 * 4.5 / 8
        #expect(result.bytesPerSecond.values == [2 * bytes, 4 * bytes])
    }

    @Test func shapesAreCutToWholeRowsOfTiles() throws {
        let head = try #require(MatrixShape(rows: 1000, columns: 128))
        #expect(head.cut(toRowTiles: 10) == MatrixShape(rows: 160, columns: 128))
        #expect(head.cut(toRowTiles: 1 << 20) == head)
        #expect(head.cut(toRowTiles: 0) == MatrixShape(rows: 16, columns: 128))
        let gates = try #require(MatrixShape(count: 10, rows: 256, columns: 256))
        #expect(gates.cut(toRowTiles: 50) == MatrixShape(count: 10, rows: 80, columns: 256))
        #expect(gates.cut(toRowTiles: 5) == MatrixShape(count: 10, rows: 16, columns: 256))
    }

    @Test func measuredShapesAreTheModels() {
        let cases = MatrixCase.recurrentGemma2B
        let planned = configuration.tensorPlan.compactMap(\.matrixShape)
        #expect(cases.count == 5)
        #expect(cases.allSatisfy { planned.contains($0.shape) })
        #expect(cases.filter { !$0.takesChunks }.map(\.name) == ["head"])
    }

    @Test func testsAreNamedAsInLlamaBench() {
        #expect(SpeedTest(.prompt, tokens: 256, depth: 0).name == "pp256")
        #expect(SpeedTest(.generation, tokens: 64, depth: 2048).name == "tg64 @ d2048")
    }

    @Test func testsAreAllCombinationsButThoseOfNothing() {
        let names = SpeedTest.tests(prompts: [0, 8], generations: [4, 5], depths: [32, 0]).map(\.name)
        #expect(names == ["pp8", "tg4", "tg5", "pp8 @ d32", "tg4 @ d32", "tg5 @ d32"])
        #expect(SpeedTest.tests(prompts: [0], generations: [0], depths: [0]).isEmpty)
    }

    /// Every set counts its own operations, whatever its registers.
    @Test(arguments: Kernels.available.map(\.name), WeightType.allCases)
    func peakCountsItsRounds(_ name: String, _ type: WeightType) throws {
        let kernels = try #require(Kernels.named(name))
        let one = kernels.arithmeticPeak(type, 1)
        #expect(one > 0)
        #expect(kernels.arithmeticPeak(type, 10) == 10 * one)
        #expect(kernels.arithmeticPeak(type, 0) == 0)
    }
}
