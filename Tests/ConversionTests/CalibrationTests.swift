import AllocationCounter
import Checkpoint
import Conversion
import Files
import Foundation
import Griffin
import ModelFile
import Quantization
import System
import TestSupport
import Testing
import Text
import Tiles

/// The statistics of a text, and conversions that use them.
@Suite struct CalibrationTests {
    private let folder: TemporaryFolder
    private static let text = String(repeating: "In the beginning God created the heaven and the earth. ", count: 120)

    init() throws { folder = try TemporaryFolder() }

    private func convert(_ options: Conversion.Options, to name: String) throws -> ModelFile {
        _ = try Conversion(source: Fixtures.tinyEnglish, options: options).write(to: folder.file(name))
        return try ModelFile(path: folder.file(name))
    }

    @Test func whereThereIsNoMemoryForStatisticsThatIsAnError() throws {
        let file = try convert(.type(.q4), to: "q4.rgq")
        let calibration = try Calibration(model: file.path, text: "In the beginning", threads: 1)
        let squares = 8 * InputSquares.inputCounts(of: file).reduce(0) { $0 + $1.count }
        let logits = 32 * 2048 * 4
        for (least, most) in [(squares, squares), (logits, logits), (2 << 20, .max)] {
            allocation_refuse(least, most)
            let error = #expect(throws: FileProblem.self) { try calibration.run() }
            allocation_refuse(0, 0)
            #expect(error?.description == "\(file.path): no memory for statistics; close other programs", "\(least) bytes")
        }
        _ = try calibration.run()
    }

    @Test func theFirstLayersInputsAreNormedEmbeddings() throws {
        let file = try convert(.type(.f32), to: "f32.rgq")
        let configuration = try Configuration(parsing: file.metadata.configuration)
        let calibration = try Calibration(model: file.path, text: Self.text)
        let statistics = try calibration.run(), means = statistics.squares.means
        #expect(means.map(\.name) == file.tensors.filter(\.isTiled).map(\.name))

        // The same in double, from the weights: what each <bos> and each token that follows it gives.
        let width = configuration.width
        let embedding = file.weights(of: try #require(file.tensor(named: "model.embed_tokens.weight")))
        let norm = file.weights(of: try #require(file.tensor(named: "model.layers.0.temporal_pre_norm.weight")))
        let tokens = try Tokenizer(model: file.metadata.tokenizer).encoder().encode(Self.text)
        #expect(tokens.count == calibration.tokenCount && tokens.count > 2 * Calibration.tokensPerStart)
        let chunks = (tokens.count + Calibration.tokensPerStart - 1) / Calibration.tokensPerStart
        var sums = [Double](repeating: 0, count: width)
        let fed = tokens + [UInt32](repeating: configuration.bos, count: chunks)
        for token in fed {
            let row = embedding[Int(token) * width..<(Int(token) + 1) * width].map {
                Double($0) * Double(configuration.embeddingScale)
            }
            let mean = row.reduce(0) { $0 + $1 * $1 } / Double(width)
            for column in 0..<width { sums[column] += row[column] * row[column] / (mean + 1e-6) * pow(1 + Double(norm[column]), 2) }
        }
        let expected = sums.map { $0 / Double(fed.count) }
        // The products too.
        var triangles: [[Float]] = []
        statistics.moments.forEachTriangle { triangles.append($0) }
        let triangle = triangles[0]
        #expect(triangle.count == width * (width + 1) / 2)
        for (row, column) in [(0, 0), (1, 0), (17, 17), (100, 3), (width - 1, 64), (width - 1, width - 1)] {
            var sum = 0.0, size = 0.0
            for token in fed {
                let weights = (0..<width).map { Double(embedding[Int(token) * width + $0]) * Double(configuration.embeddingScale) }
                let mean = weights.reduce(0) { $0 + $1 * $1 } / Double(width)
                let product = weights[row] * weights[column] * (1 + Double(norm[row])) * (1 + Double(norm[column])) / (mean + 1e-6)
                sum += product
                size += abs(product)
            }
            let difference = abs(Double(triangle[row * (row + 1) / 2 + column]) - sum / Double(fed.count))
            #expect(difference < 1e-4 * size / Double(fed.count), "\(row), \(column)")
        }
        for name in ["linear_x", "linear_y"] {
            let found = try #require(means.first { $0.name == "model.layers.0.temporal_block.\(name).weight" }?.inputs)
            #expect(found.count == width)
            let isClose = zip(found, expected).allSatisfy { abs(Double($0) - $1) <= 1e-4 * $1 }
            #expect(isClose, "\(name)")
        }
    }

    @Test func everyMatrixHasInputsAndTheirNumberDoesNotDependOnThreads() throws {
        let file = try convert(.type(.f16), to: "f16.rgq")
        let one = try Calibration(model: file.path, text: Self.text, threads: 1).run().squares.means
        let three = try Calibration(model: file.path, text: Self.text, threads: 3).run().squares.means
        for (one, three) in zip(one, three) {
            let areSame = one.inputs == three.inputs
            let areMeans = one.inputs.allSatisfy { $0 >= 0 && $0.isFinite } && one.inputs.contains { $0 > 0 }
            #expect(areSame && areMeans, "\(one.name)")
        }
        // The statistics of a gate are those of all its blocks.
        #expect(one.first { $0.name.hasSuffix("input_gate_weight") }?.inputs.count == 192)
    }

    @Test func momentsAreSharedAndDoNotDependOnThreads() throws {
        let file = try convert(.type(.f16), to: "f16.rgq")
        for threads in [1, 3] {
            try Calibration(model: file.path, text: Self.text, threads: threads).write(to: folder.file("stats\(threads)"))
        }
        #expect(try folder.contents(of: "stats1") == folder.contents(of: "stats3"))

        let statistics = try StatisticsFile(reading: folder.file("stats1"))
        let moments = statistics.tensors.filter { $0.name.hasSuffix(".moments") }
        let triangle = { $0 * ($0 + 1) / 2 }
        var expected: [String: Int] = ["model.embed_tokens.weight": triangle(192)]
        for layer in 0..<8 {
            let name = "model.layers.\(layer)."
            expected[name + "mlp_block.gate_proj.weight"] = triangle(192)
            expected[name + "mlp_block.down_proj.weight"] = 2 * triangle(256) + triangle(64)
            if layer % 3 == 2 {
                expected[name + "temporal_block.q_proj.weight"] = triangle(192)
                expected[name + "temporal_block.o_proj.weight"] = triangle(192)
            } else {
                expected[name + "temporal_block.linear_x.weight"] = triangle(192)
                expected[name + "temporal_block.linear_out.weight"] = triangle(192)
                expected[name + "temporal_block.rg_lru.input_gate_weight"] = 3 * triangle(64)
            }
        }
        #expect(
            Dictionary(uniqueKeysWithValues: moments.map { ($0.name, $0.floats.count) })
                == Dictionary(uniqueKeysWithValues: expected.map { ($0 + ".moments", $1) }))

        // The diagonal has the mean squares.
        for tensor in moments {
            let squares = try #require(statistics.tensors.first { $0.name + ".moments" == tensor.name }?.floats)
            let columns = tensor.name.contains("gate_weight") ? 64 : squares.count
            var start = 0
            for first in stride(from: 0, to: squares.count, by: min(columns, 256)) {
                let count = min(256, columns, squares.count - first)
                for row in 0..<count {
                    let square = tensor.floats[start + row * (row + 3) / 2]
                    #expect(abs(square - squares[first + row]) <= 2e-6 * squares[first + row], "\(tensor.name), \(first + row)")
                }
                start += count * (count + 1) / 2
            }
        }
    }

    @Test func importanceLowersTheErrorThatItCounts() throws {
        let file = try convert(.type(.f16), to: "f16.rgq")
        let squares = try Calibration(model: file.path, text: Self.text, threads: 1).run()
        // As older versions wrote them.
        try Calibration(model: file.path, text: Self.text, threads: 1).write(to: folder.file("whole"))
        var statistics = try StatisticsFile(reading: folder.file("whole"))
        statistics.tensors.removeAll { $0.name.hasSuffix(".moments") }
        try statistics.write(to: folder.file("stats"))
        var options = try Conversion.Options.type(.q4)
        let plain = try convert(options, to: "plain.rgq")
        options.importance = try Importance(path: folder.file("stats"))
        let weighted = try convert(options, to: "weighted.rgq")
        #expect(String(decoding: try #require(weighted.metadata.provenance), as: UTF8.self).contains("\"importance\":\"stats\""))

        let original = try convert(.type(.f32), to: "f32.rgq")
        var sums = (plain: 0.0, weighted: 0.0)
        for (name, inputs) in squares.squares.means {
            let tensor = try #require(original.tensor(named: name)), shape = try #require(tensor.matrixShape)
            func error(_ file: ModelFile) throws -> Double {
                let stored = file.weights(of: try #require(file.tensor(named: name))), weights = original.weights(of: tensor)
                return weights.indices.reduce(0) { sum, index in
                    let input = index / shape.columns / shape.rows * shape.columns + index % shape.columns
                    return sum + pow(Double(weights[index] - stored[index]), 2) * Double(inputs[input])
                }
            }
            let found = (plain: try error(plain), weighted: try error(weighted))
            #expect(found.weighted <= found.plain * 1.001, "\(name)")
            sums = (sums.plain + found.plain, sums.weighted + found.weighted)
        }
        #expect(sums.weighted < sums.plain * 0.99)
    }

    @Test func aTextWithoutTokensIsAnError() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        let error = #expect(throws: FileProblem.self) { try Calibration(model: file.path, text: "") }
        #expect(error?.description == "the text: has no words; give some")
        let named = #expect(throws: FileProblem.self) { try Calibration(model: file.path, text: "", textPath: "a.txt") }
        #expect(named?.description == "a.txt: has no words; give some")
        let missing = #expect(throws: FileProblem.self) { try Calibration(model: folder.file("none"), text: "a") }
        #expect(missing?.description == "\(folder.file("none")): no such file; check the path")
    }

    /// Longer than what is read ahead, and long enough to be cut.
    @Test func aTextInAFileIsThatInMemory() throws {
        let file = try convert(.type(.f16), to: "f16.rgq")
        let lines = try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8)
        let text = lines.prefix(70_000) + lines.prefix(20_000).filter { $0 != "\n" }
        let path = try folder.write(Array(text.utf8), to: "text")
        let source = try Calibration(model: file.path, text: try TextFile(path: path), textPath: path)
        #expect(source.tokenCount != nil && source.warnings.isEmpty)
        try source.write(to: folder.file("file"))
        try Calibration(model: file.path, text: String(text)).write(to: folder.file("memory"))
        #expect(try folder.contents(of: "file") == folder.contents(of: "memory"))
        // Only once.
        #expect(throws: FileProblem.self) { try source.run() }
    }

    @Test func statisticsTakeThePlaceOfStatisticsAlone() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        func write() throws { try Calibration(model: file.path, text: Self.text).write(to: folder.file("stats")) }
        try write()
        let first = try folder.contents(of: "stats")
        try write()
        #expect(try folder.contents(of: "stats") == first)
        let weights = try Data(contentsOf: URL(fileURLWithPath: Fixtures.tinyEnglish + "/model.safetensors"))
        for other in [Data("some notes".utf8), weights] {
            try folder.write(other, to: "stats")
            let error = #expect(throws: FileProblem.self) { try write() }
            #expect(error?.problem == "is not a file of statistics, and so is not replaced")
            #expect(try folder.contents(of: "stats") == other)
        }
    }

    @Test func aCalibrationCanBeCancelled() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        let error = #expect(throws: FileProblem.self) {
            try Calibration(model: file.path, text: Self.text).run(isCancelled: { true })
        }
        #expect(error?.kind == .cancelled)
    }

    @Test func aDamagedFileIsNotCalibrated() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        try file.damage("model.final_norm.weight", with: [1, 2, 3, 4])
        let error = #expect(throws: FileProblem.self) { try Calibration(model: file.path, text: Self.text) }
        #expect(error?.path == file.path && error?.problem == "is damaged in tensor model.final_norm.weight")
    }

    @Test func aFileThatCanNotBeWrittenIsNoticedBeforeTheRun() throws {
        let file = try convert(.type(.q8), to: "q8.rgq"), text = try folder.write(Array(Self.text.utf8), to: "text")
        let calibration = try Calibration(model: file.path, text: Self.text, textPath: text)
        let before = try folder.contents()
        for (target, problem) in [
            (folder.file("none/stats"), "its folder \(folder.file("none")) doesn't exist"),
            (file.path, "is one of the files that are read"), (text, "is one of the files that are read"),
        ] {
            var hasRun = false
            let error = #expect(throws: FileProblem.self) {
                try calibration.write(to: target, progress: { _ in hasRun = true })
            }
            #expect(error?.kind == .io && error?.path == target && error?.problem == problem)
            #expect(!hasRun)
        }
        #expect(try folder.contents() == before)
        try ModelFile(path: file.path).verifyAll()
    }
}
