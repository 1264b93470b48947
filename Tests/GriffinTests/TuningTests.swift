import Griffin
import KernelTypes
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("Tunings")
struct TuningTests {
    @Test(
        "A model's logits do not depend on what its kernels do for the processor's maker, with all weights in memory or with some",
        arguments: Kernels.available.map(\.name).filter { $0 != "scalar" }, [WeightType.q8, .q4])
    func logits(name: String, type: WeightType) throws {
        for (model, threads) in [("alpha", 1), ("beta", 2), ("gamma", 3)] {
            let file = try ConvertedModels.path(model, type)
            var expected: [Float]?
            for tuning in Tuning.all {
                let kernels = try #require(Kernels.named(name, tuning))
                for isStreamed in [false, true] {
                    let model = try RunnableModel(file: file, kernels: kernels, threads: threads, chunk: 41)
                    if isStreamed {
                        let plan = StreamPlan(
                            model.weights.file, residentBytes: model.weights.bytesPerToken / 3, slabBytes: 8 << 10)
                        try #require(model.pass.setStreamPlan(plan))
                    }
                    let vocabulary = model.weights.configuration.vocabularySize
                    let tokens = (0..<60).map { ($0 * 7919 + 3) % vocabulary }
                    // All logits of a chunk of 41 and of one of 19, then those of three single tokens.
                    let state = try model.makeState()
                    let logits = try model.logits(tokens, to: state) + tokens[..<3].flatMap { try model.logits([$0], to: state) }
                    if let expected {
                        #expect(logits == expected, "\(tuning.name), \(isStreamed ? "streamed" : "in memory")")
                    } else {
                        expected = logits
                    }
                }
            }
        }
    }
}
