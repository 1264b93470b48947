import Checkpoint
import Conversion
import Foundation
import Griffin
import ModelFile
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

    @Test func theFirstLayersInputsAreNormedEmbeddings() throws {
        let file = try convert(.type(.f32), to: "f32.rgq")
        let configuration = try Configuration(parsing: file.metadata.configuration)
        let calibration = try Calibration(model: file.path, text: Self.text)
        let means = try calibration.run().means
        #expect(means.map(\.name) == file.tensors.filter(\.isTiled).map(\.name))

        // The same in double, from the weights: what each <bos> and each token that follows it gives.
        let width = configuration.width
        let embedding = file.weights(of: try #require(file.tensor(named: "model.embed_tokens.weight")))
        let norm = file.weights(of: try #require(file.tensor(named: "model.layers.0.temporal_pre_norm.weight")))
        let tokens = try Tokenizer(model: file.metadata.tokenizer).encoder().encode(Self.text)
        #expect(tokens.count == calibration.tokenCount && tokens.count > 2 * Calibration.chunk)
        let chunks = (tokens.count + Calibration.chunk - 1) / Calibration.chunk
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
        for name in ["linear_x", "linear_y"] {
            let found = try #require(means.first { $0.name == "model.layers.0.temporal_block.\(name).weight" }?.inputs)
            #expect(found.count == width)
            let isClose = zip(found, expected).allSatisfy { abs(Double($0) - $1) <= 1e-4 * $1 }
            #expect(isClose, "\(name)")
        }
    }

    @Test func everyMatrixHasInputsAndTheirNumberDoesNotDependOnThreads() throws {
        let file = try convert(.type(.f16), to: "f16.rgq")
        let one = try Calibration(model: file.path, text: Self.text, threads: 1).run().means
        let three = try Calibration(model: file.path, text: Self.text, threads: 3).run().means
        for (one, three) in zip(one, three) {
            let areSame = one.inputs == three.inputs
            let areMeans = one.inputs.allSatisfy { $0 >= 0 && $0.isFinite } && one.inputs.contains { $0 > 0 }
            #expect(areSame && areMeans, "\(one.name)")
        }
        // A gate's are those of all its blocks.
        #expect(one.first { $0.name.hasSuffix("input_gate_weight") }?.inputs.count == 192)
    }

    @Test func importanceLowersTheErrorThatItCounts() throws {
        let file = try convert(.type(.f16), to: "f16.rgq")
        let calibration = try Calibration(model: file.path, text: Self.text, threads: 1)
        let squares = try calibration.run()
        try calibration.write(to: folder.file("stats"))
        var options = try Conversion.Options.type(.q4)
        let plain = try convert(options, to: "plain.rgq")
        options.importance = try Importance(path: folder.file("stats"))
        let weighted = try convert(options, to: "weighted.rgq")
        #expect(String(decoding: try #require(weighted.metadata.provenance), as: UTF8.self).contains("\"importance\":\"stats\""))

        let original = try convert(.type(.f32), to: "f32.rgq")
        var sums = (plain: 0.0, weighted: 0.0)
        for (name, inputs) in squares.means {
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
        let error = #expect(throws: ConversionError.self) { try Calibration(model: file.path, text: "") }
        #expect(error?.description == "the text: has no words; give some")
        let named = #expect(throws: ConversionError.self) { try Calibration(model: file.path, text: "", textPath: "a.txt") }
        #expect(named?.description == "a.txt: has no words; give some")
        let missing = #expect(throws: ConversionError.self) { try Calibration(model: folder.file("none"), text: "a") }
        #expect(missing?.description == "\(folder.file("none")): no such file; check the path")
    }

    @Test func aCalibrationCanBeCancelled() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        let error = #expect(throws: ConversionError.self) {
            try Calibration(model: file.path, text: Self.text).run(isCancelled: { true })
        }
        #expect(error?.kind == .cancelled)
    }

    @Test func aDamagedFileIsNotCalibrated() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        try file.damage("model.final_norm.weight", with: [1, 2, 3, 4])
        let error = #expect(throws: ConversionError.self) { try Calibration(model: file.path, text: Self.text) }
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
            let error = #expect(throws: ConversionError.self) {
                try calibration.write(to: target, progress: { _ in hasRun = true })
            }
            #expect(error?.kind == .target && error?.path == target && error?.problem == problem)
            #expect(!hasRun)
        }
        #expect(try folder.contents() == before)
        try ModelFile(path: file.path).verifyAll()
    }

    // MARK: - Files of statistics

    private static let advice = "make it with rg-quant calibrate, from a file of the same model"

    /// A file with a table of contents and some floats.
    private func statistics(_ table: String, _ floats: [Float] = []) throws -> String {
        let table = Array(table.utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: table.count >> (8 * $0)) }
        return try folder.write(length + table + floats.flatMap { withUnsafeBytes(of: $0.bitPattern) { [UInt8]($0) } }, to: "stats")
    }

    private func error(_ path: String) throws -> ConversionError? {
        do throws(ConversionError) {
            var options = Conversion.Options()
            options.importance = try Importance(path: path)
            _ = try Conversion(source: Fixtures.tinyEnglish, options: options)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#, [1] as [Float], "tensor a is not a vector of F32"),
        (#"{"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}"#, [1], "tensor a is not a vector of F32"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [-1], "tensor a has numbers that are no mean squares"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [.nan], "tensor a has numbers that are no mean squares"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [.infinity], "tensor a has numbers that are no mean squares"),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [1],
            "has no statistics of model.layers.0.temporal_block.linear_x.weight"
        ),
        (
            #"{"model.layers.0.temporal_block.linear_x.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, [1, 1],
            "has statistics of 2 inputs of model.layers.0.temporal_block.linear_x.weight, which has 192"
        ),
    ])
    func statisticsThatAreNone(table: String, floats: [Float], problem: String) throws {
        let path = try statistics(table, floats)
        #expect(try error(path)?.description == "\(path): \(problem); \(Self.advice)")
    }

    /// Files of 32 GB, nearly all of them holes.
    @Test(arguments: [
        ("[8000000000]", "has 32000000000 bytes of numbers, more than the 268435456 that statistics may have"),
        ("[8,1000000000]", "tensor a is not a vector of F32"),
    ])
    func statisticsThatAreTooLargeAreNotRead(shape: String, problem: String) throws {
        let path = try statistics(#"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,32000000000]}}"#)
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        try #require(truncate(path, size + 32_000_000_000) == 0)
        #expect(try error(path)?.description == "\(path): \(problem); \(Self.advice)")
    }

    @Test func statisticsAreNotReplacedByTheirModel() throws {
        let file = try convert(.type(.q8), to: "q8.rgq")
        try Calibration(model: file.path, text: "a word").write(to: folder.file("stats"))
        var options = Conversion.Options()
        options.importance = try Importance(path: folder.file("stats"))
        let conversion = try Conversion(source: Fixtures.tinyEnglish, options: options)
        let error = #expect(throws: ConversionError.self) { try conversion.write(to: folder.file("stats")) }
        #expect(error?.problem == "is one of the files that are read")
    }

    @Test func statisticsThatAreMissingOrDamaged() throws {
        #expect(try error(folder.file("none"))?.description == "\(folder.file("none")): is missing; \(Self.advice)")
        let path = try folder.write([1, 2, 3], to: "cut")
        #expect(try error(path)?.problem == "has 3 bytes, too few for a safetensors file")
    }
}
