import Testing

@testable import Benchmark

@Suite struct SamplesTests {
    @Test func meanDeviationAndBestOfSeveral() {
        let samples = Samples(2, 4, 4, 4, 5, 5, 7, 9)
        #expect(samples.mean == 5)
        // 32 / (8 - 1), as llama-bench has it, not 32 / 8.
        #expect((samples.deviation - (32.0 / 7).squareRoot()).magnitude < 1e-12)
        #expect(samples.largest == 9)
    }

    @Test func oneMeasurementHasNoDeviation() {
        #expect(Samples(3).deviation == 0)
        #expect(Samples(3).mean == 3 && Samples(3).largest == 3)
    }

    @Test func appendedAndChangedMeasurementsCount() {
        var samples = Samples(1)
        samples.append(3)
        #expect(samples.values == [1, 3])
        #expect(samples.map { 12 / $0 }.values == [12, 4])
    }
}

@Suite struct LimitTests {
    @Test func meanOfBeforeAndAfterCounts() {
        #expect(Limit(before: 30, after: 40, instructionsPerCycle: (4, 4)).mean == 35)
        let speed = Speed(.bytes, Samples(30, 33), limit: Limit(before: 34, after: 36, instructionsPerCycle: (4, 4)))
        #expect((speed.fractionOfLimit - 0.9).magnitude < 1e-12)
    }

    @Test func changeOfMoreThanATenthIsUnsteady() {
        #expect(Limit(before: 100, after: 109, instructionsPerCycle: (4, 4)).isSteady)
        #expect(Limit(before: 109, after: 100, instructionsPerCycle: (4, 4)).isSteady)
        #expect(!Limit(before: 37, after: 69, instructionsPerCycle: (4, 4)).isSteady)
        #expect(!Limit(before: 69, after: 37, instructionsPerCycle: (4, 4)).isSteady)
    }
}
