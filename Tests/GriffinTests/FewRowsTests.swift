import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("A few rows of the head")
struct FewRowsTests {
    /// Bits of some tokens.
    private func words(_ tokens: [Int], vocabulary: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (vocabulary + 63) / 64)
        for token in tokens { words[token / 64] |= 1 << UInt64(token % 64) }
        return words
    }

    /// Reads most of a model's weights from the disk.
    private func stream(_ model: RunnableModel) throws {
        let plan = try #require(
            StreamPlan(model.weights.file, residentBytes: model.weights.bytesPerToken / 10, slabBytes: 8 << 10))
        try #require(model.pass.setStreamPlan(plan))
    }

    @Test(
        "The logits that are wanted, and all that are computed later, are those of the whole head to the bit",
        arguments: Kernels.available.map(\.name), [WeightType.f32, .f16, .q8, .q4])
    func sameBits(kernels: String, type: WeightType) throws {
        for isStreamed in [false, true] { try sameBits(kernels: kernels, type: type, isStreamed: isStreamed) }
    }

    private func sameBits(kernels: String, type: WeightType, isStreamed: Bool) throws {
        let model = try RunnableModel(
            file: try ConvertedModels.path("alpha", type), kernels: try #require(Kernels.named(kernels)), threads: 3)
        let vocabulary = model.configuration.vocabularySize, width = model.configuration.width
        var random = RandomSource(seed: 12)
        let tokens = (0..<24).map { _ in Int.random(in: 0..<vocabulary, using: &random) }
        let expected = try model.logits(tokens)
        if isStreamed { try stream(model) }
        for first in [0, 3, 5] {
            let state = try model.makeState()
            var token = 0
            while token < tokens.count {
                let chunk = tokens[token..<min(tokens.count, token + 6)].map(UInt32.init), last = chunk.count
                let wanted =
                    (0..<[0, 1, 3, 20].randomElement(using: &random)!).map { _ in Int.random(in: 0..<vocabulary, using: &random) }
                    + (token == 6 ? [vocabulary - 1] : [])
                var logits = [Float](repeating: .nan, count: last * vocabulary),
                    streams = [Float](repeating: .nan, count: last * width)
                try words(wanted, vocabulary: vocabulary).withUnsafeBufferPointer { rows in
                    try chunk.withUnsafeBufferPointer { chunk in
                        try logits.withUnsafeMutableBufferPointer { logits in
                            try streams.withUnsafeMutableBufferPointer { streams in
                                let run = Run(
                                    chunk, to: state, output: .from(first, logits.baseAddress!), rows: rows,
                                    streams: streams.baseAddress)
                                try withUnsafePointer(to: run) { try model.pass.feed(UnsafeBufferPointer(start: $0, count: 1)) }
                            }
                        }
                    }
                }
                for index in 0..<last {
                    let whole = expected[(token + index) * vocabulary..<(token + index + 1) * vocabulary]
                    for row in wanted where index >= first {
                        #expect(logits[(index - first) * vocabulary + row] == whole[whole.startIndex + row])
                    }
                    var later = [Float](repeating: .nan, count: vocabulary)
                    try streams.withUnsafeBufferPointer { streams in
                        try later.withUnsafeMutableBufferPointer {
                            try model.pass.writeLogits(after: streams.baseAddress! + index * width, to: $0.baseAddress!)
                        }
                    }
                    #expect(later == Array(whole), "all logits after token \(token + index)")
                }
                // Nobody has wanted them, and few are cheaper than all.
                if wanted.count == 1, !isStreamed { #expect(logits[..<vocabulary].contains { $0.isNaN }) }
                token += last
            }
        }
    }

    @Test("Runs that want few rows get them beside those that want others, all, or none")
    func mixed() throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", .q4), threads: 2)
        let vocabulary = model.configuration.vocabularySize
        let tokens: [UInt32] = [3, 9, 27], expected = try tokens.map { try model.logits([Int($0)]) }
        for wanted in [[[1], [vocabulary - 1], [40, 90]], [[1], nil, [2]], [nil, [7], []]] as [[[Int]?]] {
            var logits = [Float](repeating: .nan, count: 3 * vocabulary)
            let sets = wanted.map { $0.map { words($0, vocabulary: vocabulary) } ?? [] }
            try logits.withUnsafeMutableBufferPointer { logits in
                try tokens.withUnsafeBufferPointer { tokens in
                    let runs = try sets.indices.map { number in
                        Run(
                            UnsafeBufferPointer(rebasing: tokens[number...number]), to: try model.makeState(),
                            output: .last(logits.baseAddress! + number * vocabulary),
                            rows: wanted[number] == nil ? nil : sets[number].withUnsafeBufferPointer { $0 })
                    }
                    try withExtendedLifetime(sets) { try runs.withUnsafeBufferPointer { try model.pass.feed($0) } }
                }
            }
            for number in wanted.indices {
                for row in wanted[number] ?? Array(0..<vocabulary) {
                    #expect(logits[number * vocabulary + row] == expected[number][row])
                }
            }
        }
    }

    @Test("Numbers that are not finite in what is wanted are an error, as with all")
    func nonFinite() throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", .f32))
        var logits = [Float](repeating: 0, count: model.configuration.vocabularySize)
        let stream = [Float](repeating: .infinity, count: model.configuration.width)
        #expect(throws: ForwardPassError.self) {
            try stream.withUnsafeBufferPointer { stream in
                try logits.withUnsafeMutableBufferPointer {
                    try model.pass.writeLogits(after: stream.baseAddress!, to: $0.baseAddress!)
                }
            }
        }
    }
}
