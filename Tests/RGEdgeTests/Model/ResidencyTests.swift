import Foundation
import Griffin
import ModelFile
import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

/// How much of a model stays in memory, and that nothing else depends on it.
@Suite("Residency")
struct ResidencyTests {
    private func model(_ residency: Residency) throws -> Model {
        try Model(path: try ConvertedModels.path("tiny-en", .q8), options: Model.Options(threads: 2, residency: residency))
    }

    private func budget(_ model: Model) -> MemoryBudget {
        MemoryBudget(
            model.file, allocated: model.sharedBytes + 2 * model.sessionBytes, encoder: model.tokenizer.encoderByteCount,
            threads: model.threads)
    }

    @Test("Answers are the same, with guesses and without, whatever stays")
    func answers() throws {
        func answer(_ residency: Residency, lookup: Int) throws -> String {
            let session = try model(residency).makeSession()
            var text = ""
            let options = GenerationOptions(
                sampling: Sampling(temperature: 1, seed: 5), maxTokens: 60, lookup: lookup)
            _ = try session.generate("And God said unto the people, And God said", options: options) {
                text += $0
                return true
            }
            return text
        }
        let expected = try answer(.mapped, lookup: 0)
        #expect(expected.count > 100)
        for residency in [Residency.auto, .all, .bytes(0), .bytes(1_000_000), .bytes(2_500_000)] {
            for lookup in [0, 8] { #expect(try answer(residency, lookup: lookup) == expected, "\(residency)") }
        }
    }

    @Test("What fits stays whole; a number of bytes is kept to")
    func choices() throws {
        for residency in [Residency.auto, .mapped, .all, .bytes(.max)] {
            let model = try model(residency)
            #expect(model.streamedBytes == 0 && model.residentBytes == model.weights.bytesPerToken)
        }
        let whole = try model(.mapped)
        for bytes in [0, 1_000_000, 3_000_000] {
            let model = try model(.bytes(bytes))
            #expect(model.residentBytes <= max(bytes, budget(model).fixed))
            #expect(model.residentBytes + model.streamedBytes == whole.residentBytes)
            #expect(model.sharedBytes > whole.sharedBytes, "what holds the slabs is counted")
        }
    }

    @Test("What the system leaves decides; what can't run is refused with a sentence")
    func decisions() throws {
        let model = try model(.mapped)
        let budget = budget(model), weights = budget.weights
        func plan(_ residency: Residency, _ available: Int?) throws(ModelError) -> StreamPlan? {
            try Model.streamPlan(residency, model.file, budget, available: available)
        }
        func refusal(_ residency: Residency, _ available: Int) -> String? {
            do throws(ModelError) {
                _ = try plan(residency, available)
                return nil
            } catch {
                return error.kind == .memory ? error.description : nil
            }
        }
        #expect(try plan(.auto, nil) == nil && plan(.all, nil) == nil && plan(.mapped, 0) == nil)
        #expect(try plan(.auto, 1 << 40) == nil)
        // Less and less memory, less and less stays, and what is needed beside it is left free.
        var last = weights
        let enough = budget.allocated + budget.encoder + budget.streaming + weights + 100_000_000
        for available in stride(
            from: enough, through: budget.allocated + budget.encoder + budget.streaming + budget.fixed, by: -500_000)
        {
            guard let plan = try plan(.auto, available) else { continue }
            #expect(plan.residentBytes <= last)
            #expect(plan.residentBytes == budget.fixed || plan.residentBytes + budget.allocated + budget.streaming < available)
            last = plan.residentBytes
        }
        #expect(last < weights / 2)
        for (residency, available) in [(Residency.auto, 1_000_000), (.all, budget.allocated), (.bytes(2_000_000), 2_000_000)] {
            let sentence = try #require(refusal(residency, available))
            #expect(sentence.hasPrefix("\(model.file.path): to run it, ") && sentence.contains(" MB are missing"), "\(sentence)")
        }
    }
}
