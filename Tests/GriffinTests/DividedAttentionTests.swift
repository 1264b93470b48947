import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("Attention that is divided among threads")
struct DividedAttentionTests {
    @Test("A few tokens have the logits that one thread computes, to the bit", arguments: ["alpha", "beta", "gamma"], [2, 4])
    func sameBits(name: String, threads: Int) throws {
        let file = try ConvertedModels.path(name, .q8)
        let alone = try RunnableModel(file: file, threads: 1), model = try RunnableModel(file: file, threads: threads)
        model.pass.leastDivided = 0
        var random = RandomSource(seed: UInt64(threads))
        let tokens = (0..<150).map { _ in Int.random(in: 0..<model.configuration.vocabularySize, using: &random) }
        let expected = try alone.logits(tokens).map(\.bitPattern)
        // Passes of one token, of a few in several turns of the scratches, and of so many that members take whole ones.
        for sizes in [[1], [2, 1, 7, 3], [4 * threads - 1, 4 * threads, 1]] {
            #expect(try model.logits(tokens, chunksOf: sizes).map(\.bitPattern) == expected, "chunks of \(sizes)")
        }
    }
}
