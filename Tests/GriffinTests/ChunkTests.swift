import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("Chunks")
struct ChunkTests {
    /// Sizes of chunks, and tokens fed in them: many windows of 16 tokens, and at least one whole chunk.
    private static let cases = [(size: 7, tokens: 150), (64, 150), (256, 520), (512, 520)]

    /// Prompts are computed like this: in chunks of which only the last token's logits are wanted.
    @Test(
        "After a chunk of any size the logits are those of token by token, to the bit, on every kernel set",
        arguments: Kernels.available.map(\.name), [WeightType.q4, .q8])
    func sizes(kernels: String, type: WeightType) throws {
        let model = try RunnableModel(
            file: try ConvertedModels.path("alpha", type), kernels: try #require(Kernels.named(kernels)), chunk: 512)
        let vocabulary = model.configuration.vocabularySize
        var random = RandomSource(seed: 4)
        let tokens = (0..<520).map { _ in Int.random(in: 0..<vocabulary, using: &random) }
        let single = try model.logits(tokens, chunksOf: [1])
        for (size, count) in Self.cases {
            let state = try model.makeState()
            var logits = [Float](repeating: 0, count: vocabulary)
            for first in stride(from: 0, to: count, by: size) {
                let end = min(first + size, count)
                try tokens[first..<end].map(UInt32.init).withUnsafeBufferPointer { chunk in
                    try logits.withUnsafeMutableBufferPointer {
                        try model.pass.feed(chunk, to: state, output: .last($0.baseAddress!))
                    }
                }
                #expect(
                    logits == Array(single[(end - 1) * vocabulary..<end * vocabulary]), "chunks of \(size), after \(end) tokens")
            }
        }
    }
}
