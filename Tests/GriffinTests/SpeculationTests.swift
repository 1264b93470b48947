import KernelTypes
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("Speculation")
struct SpeculationTests {
    /// All that a state holds, bit by bit.
    private func bytes(_ state: State) -> [UInt8] { state.parts(withExponents: true).flatMap { Array($0.bytes) } }

    private func bits(_ logits: some Sequence<Float>) -> [UInt32] { logits.map(\.bitPattern) }

    /// Feeds a chunk with a speculation; returns the logits after each token.
    private func feed(_ tokens: [UInt32], to state: State, _ speculation: Speculation, _ model: RunnableModel) throws -> [Float] {
        var logits = [Float](repeating: 0, count: tokens.count * model.configuration.vocabularySize)
        try tokens.withUnsafeBufferPointer { tokens in
            try logits.withUnsafeMutableBufferPointer {
                try model.pass.feed(tokens, to: state, output: .all($0.baseAddress!), speculation: speculation)
            }
        }
        return logits
    }

    /// alpha's window is 16: empty, nearly full, just full, and rounds later.
    @Test(
        "Accepting the first tokens of a chunk is as good as having fed them one by one, with all kernels",
        arguments: WeightType.allCases, Kernels.compiledNames)
    func accepting(type: WeightType, kernels: String) throws {
        // This processor may not have them.
        guard let kernels = Kernels.named(kernels) else { return }
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", type), kernels: kernels)
        let tokens = try Fixtures.oracleArray("alpha", "tokens_150").integers
        let vocabulary = model.configuration.vocabularySize
        let speculation = try #require(Speculation(model.configuration, element: model.weights.cacheElement, capacity: 20))
        for position in [0, 1, 14, 15, 16, 40] {
            let start = try model.makeState()
            if position > 0 { _ = try model.logits(Array(tokens.prefix(position)), to: start) }
            // One by one.
            let plain = try model.makeState()
            plain.copy(from: start)
            let next = Array(tokens[position..<position + 20])
            var states = [bytes(plain)]
            var rows: [[Float]] = []
            for token in next {
                rows.append(try model.logits([token], to: plain))
                states.append(bytes(plain))
            }
            for count in [1, 2, 3, 4, 5, 17, 20] {
                let chunk = next.prefix(count).map(UInt32.init)
                let before = bytes(start)
                let logits = try feed(chunk, to: start, speculation, model)
                #expect(bits(logits) == bits(rows.prefix(count).joined()), "\(count) tokens at \(position)")
                #expect(bytes(start) == before && start.position == Int64(position), "a speculation changes nothing")
                for accepted in Set([1, 2, 3, count - 1, count]) where (1...count).contains(accepted) {
                    let state = try model.makeState()
                    state.copy(from: start)
                    speculation.accept(accepted, into: state)
                    #expect(state.position == Int64(position + accepted))
                    #expect(bytes(state) == states[accepted], "\(accepted) of \(count) tokens at \(position)")
                }
            }
            #expect(rows[0].count == vocabulary)
        }
    }

    @Test("A speculation of the 2B model takes 0.38 MB a token")
    func size() throws {
        let speculation = try #require(Speculation(.twoB, element: .f16, capacity: 9))
        // 18 layers with nine times h and input, and four working copies; 8 layers with keys and values.
        #expect(speculation.byteCount == 18 * (9 * 2 + 4) * 2560 * 4 + 8 * 9 * 2 * (256 * 2 + 1))
    }
}
