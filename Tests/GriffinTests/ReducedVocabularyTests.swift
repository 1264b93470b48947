import Foundation
import Griffin
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

/// Models with a part of their vocabulary, beside the whole ones.
@Suite("Reduced vocabularies")
struct ReducedVocabularyTests {
    @Test("Logits of the pieces that are kept are the whole model's, to the bit", arguments: WeightType.allCases)
    func logits(type: WeightType) throws {
        let folder = try TemporaryFolder()
        let text = try Data(contentsOf: URL(fileURLWithPath: Fixtures.heldOut)).prefix(3000)
        let vocabulary = try folder.write(text, to: "text")
        let reduced = try ConvertedModels.convert(Fixtures.tinyEnglish, type, vocabulary: [vocabulary], to: folder.file("part.rgq"))
        let whole = try ConvertedModels.path("tiny-en", type)
        let count = try RunnableModel(file: whole).configuration.vocabularySize
        // Not a whole number of rows of tiles, and rows that come from different ones.
        #expect(reduced.kept.count < count / 2 && reduced.kept.count % Tile.rows != 0)
        var source = RandomSource(seed: 11)
        let tokens = (0..<150).map { _ in Int.random(in: 0..<reduced.kept.count, using: &source) }
        for kernels in Kernels.available {
            for threads in [1, 3] {
                let expected = try RunnableModel(file: whole, kernels: kernels, threads: threads)
                    .logits(tokens.map { Int(reduced.kept[$0]) })
                let found = try RunnableModel(file: reduced.path, kernels: kernels, threads: threads)
                    .logits(tokens, chunksOf: [40, 1])
                for position in tokens.indices {
                    let row = found[position * reduced.kept.count..<(position + 1) * reduced.kept.count]
                    let same = zip(row, reduced.kept).allSatisfy { logit, token in
                        logit.bitPattern == expected[position * count + Int(token)].bitPattern
                    }
                    #expect(same, "\(kernels.name), \(threads) threads, position \(position)")
                }
            }
        }
    }
}
