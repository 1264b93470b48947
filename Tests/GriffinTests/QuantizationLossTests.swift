import Foundation
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

/// What block quantization costs: the mean KL divergence of the logits from the reference's, over all prompts of a checkpoint.
@Suite("Quantization loss")
struct QuantizationLossTests {
    /// Measured, in nats per token; a test fails when the loss grows by more than a tenth. Random weights lose far more than
    /// trained ones.
    private static let measured: [String: [WeightType: Double]] = [
        "alpha": [.q8: 0.0174, .q4: 1.852],
        "beta": [.q8: 0.0120, .q4: 1.328],
        "gamma": [.q8: 0.0114, .q4: 1.111],
    ]

    @Test("The KL divergence to the reference does not grow", arguments: Fixtures.oracleNames, [WeightType.q8, .q4])
    func divergence(name: String, type: WeightType) throws {
        let model = try RunnableModel(file: try ConvertedModels.path(name, type))
        let mean = try loss(of: model, name, Fixtures.oraclePromptLengths)
        let limit = try #require(Self.measured[name]?[type]) * 1.1
        #expect(mean < limit, "\(mean) nats per token")
    }

    /// Sets that add and multiply with one rounding give the same bits; without (scalar, x86-64-v2) f32 sums differ by some 1e-6 of
    /// the largest logit. Where that moves an activation across the middle between two codes, it gets the other one, and logits
    /// move by 3e-2: to either side of the reference.
    @Test("No set of kernels comes nearer to the reference than another", arguments: Kernels.available.map(\.name))
    func kernelSets(kernels: String) throws {
        let file = try ConvertedModels.path("gamma", .q4)
        let usual = try loss(of: try RunnableModel(file: file), "gamma", [150])
        let mean = try loss(of: try RunnableModel(file: file, kernels: try #require(Kernels.named(kernels))), "gamma", [150])
        #expect(abs(mean - usual) < 0.02 * usual, "\(mean) and \(usual) nats per token")
    }

    /// The mean KL divergence over the prompts of some lengths.
    private func loss(of model: RunnableModel, _ name: String, _ lengths: [Int]) throws -> Double {
        var total = 0.0, count = 0
        for length in lengths {
            let tokens = try Fixtures.oracleArray(name, "tokens_\(length)").integers
            let expected = try Fixtures.oracleArray(name, "logits_\(length)").floats
            let vocabulary = model.configuration.vocabularySize
            let logits = try model.logits(tokens)
            for token in 0..<length {
                let row = token * vocabulary..<(token + 1) * vocabulary
                total += divergence(of: logits[row], from: expected[row])
                count += 1
            }
        }
        return total / Double(count)
    }

    /// Σ p · log(p / q), p from the reference's logits.
    private func divergence(of logits: ArraySlice<Float>, from reference: ArraySlice<Float>) -> Double {
        func logProbabilities(_ logits: ArraySlice<Float>) -> [Double] {
            let largest = Double(logits.max()!)
            let total = log(logits.reduce(0.0) { $0 + exp(Double($1) - largest) }) + largest
            return logits.map { Double($0) - total }
        }
        return zip(logProbabilities(reference), logProbabilities(logits)).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    }
}
