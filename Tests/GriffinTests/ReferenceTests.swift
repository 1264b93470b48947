import Foundation
import Griffin
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

/// Logits against those that Hugging Face's implementation gave for the same checkpoints (`tools/oracle`).
@Suite("Reference outputs")
struct ReferenceTests {
    @Test("f32 weights give the reference's logits to 1e-4, for every prompt", arguments: Fixtures.oracleNames)
    func f32(name: String) throws {
        let model = try RunnableModel(file: try ConvertedModels.path(name, .f32))
        for length in Fixtures.oraclePromptLengths {
            let (tokens, expected) = try reference(name, length)
            #expect(relativeError(try model.logits(tokens), expected) < 1e-4, "\(length) tokens")
        }
    }

    /// Checkpoints whose weights are stored in 16 bits, so that f16 holds them with next to no loss.
    @Test("f16 weights give the reference's logits to 2e-3, for every prompt", arguments: ["beta", "gamma"])
    func f16(name: String) throws {
        let model = try RunnableModel(file: try ConvertedModels.path(name, .f16))
        for length in Fixtures.oraclePromptLengths {
            let (tokens, expected) = try reference(name, length)
            #expect(relativeError(try model.logits(tokens), expected) < 2e-3, "\(length) tokens")
        }
    }

    /// Rounding alpha's f32 weights to f16 alone moves the logits by 3e-3, also in Double. The runtime adds next to nothing.
    @Test("f16 weights that were rounded from f32 give the logits of the rounded weights to 2e-3")
    func roundedF16() throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", .f16))
        let rounded = try NaiveGriffin(folder: Fixtures.oracle("alpha")).withMatricesInF16()
        for length in Fixtures.oraclePromptLengths {
            let (tokens, expected) = try reference("alpha", length)
            let logits = try model.logits(tokens)
            #expect(relativeError(logits, rounded.logits(tokens).flatMap { $0.map(Float.init) }) < 2e-3, "\(length) tokens")
            #expect(relativeError(logits, expected) < 3.5e-3, "\(length) tokens")
        }
    }

    @Test("f32 weights continue as the reference does", arguments: Fixtures.oracleNames)
    func greedy(name: String) throws {
        let model = try RunnableModel(file: try ConvertedModels.path(name, .f32))
        for length in Fixtures.oraclePromptLengths {
            let (tokens, _) = try reference(name, length)
            let expected = try Fixtures.oracleArray(name, "greedy_\(length)").integers
            let continuation = try model.greedy(after: tokens, count: expected.count)
            for (step, token) in expected.enumerated() {
                // If they were nearer to each other, either of the two best might come first.
                #expect(continuation[step].margin > 1e-3, "\(length) tokens, step \(step)")
                #expect(continuation[step].token == token, "\(length) tokens, step \(step)")
            }
        }
    }

    @Test(
        "Whole, token by token or in odd chunks, a prompt gives the same logits", arguments: Fixtures.oracleNames,
        WeightType.allCases)
    func chunks(name: String, type: WeightType) throws {
        let model = try RunnableModel(file: try ConvertedModels.path(name, type))
        let (tokens, _) = try reference(name, 150)
        let whole = try model.logits(tokens)
        for sizes in [[1], [7], [64], [1, 31, 2, 5, 40, 3], [149, 1]] {
            #expect(relativeError(try model.logits(tokens, chunksOf: sizes), whole) < 1e-5, "chunks of \(sizes)")
        }
    }

    @Test("The number of threads changes nothing", arguments: WeightType.allCases)
    func threads(type: WeightType) throws {
        let file = try ConvertedModels.path("beta", type)
        let (tokens, _) = try reference("beta", 40)
        let one = try RunnableModel(file: file, threads: 1).logits(tokens, chunksOf: [9])
        for threads in [2, 3, 7] {
            #expect(try RunnableModel(file: file, threads: threads).logits(tokens, chunksOf: [9]) == one, "\(threads) threads")
        }
    }

    @Test("Every kernel set that this processor has gives the reference's logits", arguments: Kernels.available.map(\.name))
    func kernelSets(kernels: String) throws {
        let kernels = try #require(Kernels.named(kernels))
        for (type, tolerance) in [(WeightType.f32, Float(1e-4)), (.f16, 2e-3)] {
            let (tokens, expected) = try reference("gamma", 40)
            let model = try RunnableModel(file: try ConvertedModels.path("gamma", type), kernels: kernels)
            #expect(relativeError(try model.logits(tokens), expected) < tolerance, "\(type)")
        }
    }

    private func reference(_ name: String, _ length: Int) throws -> (tokens: [Int], logits: [Float]) {
        (try Fixtures.oracleArray(name, "tokens_\(length)").integers, try Fixtures.oracleArray(name, "logits_\(length)").floats)
    }
}
