import Checkpoint
import Conversion
import Griffin
import JSON
import ModelFile
import TestSupport
import Testing
import Tiles

/// Checkpoints in f32, in bf16 in shards, in f16, and the small English model.
private let folders = Fixtures.oracleNames.map(Fixtures.oracle) + [Fixtures.tinyEnglish]

@Suite struct FixtureConversionTests {
    @Test(arguments: folders, WeightType.allCases)
    func everyTensorIsInTheFileAsItWasInTheCheckpoint(folder: String, type: WeightType) throws {
        let model = try ConvertedModel(folder, .type(type))
        let file = model.file
        try file.verifyAll()
        let checkpoint = try Checkpoint(folder: folder)
        let configuration = try Configuration(parsing: file.metadata.configuration)
        #expect(file.tensors.map(\.name) == configuration.tensorPlan.map(\.name))

        for (planned, tensor) in zip(configuration.tensorPlan, file.tensors) {
            #expect(tensor.dimensions == planned.dimensions)
            #expect(tensor.isTiled == planned.isTiled)
            #expect(tensor.type == (planned.isTiled ? type : .f32))
            let original = try checkpoint.weights(of: planned), stored = file.weights(of: tensor)
            #expect(original.count == stored.count)
            #expect(
                largestExcess(original, stored, type: tensor.type, columns: planned.dimensions.last ?? 1) <= 0, "\(tensor.name)")
        }
    }

    /// By how much the error of the worst weight exceeds what its type may lose: nothing in f32, half a unit of the last place in
    /// f16, half a code in q8. In q4 the search for a scale may cut the largest weight of a block.
    private func largestExcess(_ original: [Float], _ stored: [Float], type: WeightType, columns: Int) -> Float {
        var excess = -Float.infinity
        for row in stride(from: 0, to: original.count, by: columns) {
            for start in stride(from: row, to: row + columns, by: Tile.block) {
                let block = start..<min(start + Tile.block, row + columns)
                let largest = original[block].reduce(0) { max($0, $1.magnitude) }
                for index in block {
                    let bound: Float =
                        switch type {
                        case .f32: 0
                        case .f16: max(original[index].magnitude * 0x1p-11, 0x1p-25)
                        case .q8: max(largest / 127 * 0.502, 0x1p-19)
                        case .q4: max(largest * 0.3, 0x1p-22)
                        }
                    excess = max(excess, (original[index] - stored[index]).magnitude - bound)
                }
            }
        }
        return excess
    }

    @Test(arguments: folders)
    func f32KeepsEveryBit(folder: String) throws {
        let file = try ConvertedModel(folder, .type(.f32)).file
        let checkpoint = try Checkpoint(folder: folder)
        for (planned, tensor) in zip(try Configuration(parsing: file.metadata.configuration).tensorPlan, file.tensors) {
            let original = try checkpoint.weights(of: planned)
            #expect(file.weights(of: tensor).map(\.bitPattern) == original.map(\.bitPattern), "\(tensor.name)")
        }
    }

    @Test(arguments: [(WeightType.f16, 0.0003), (.q8, 0.008), (.q4, 0.1)])
    func theRelativeErrorIsThatOfTheType(type: WeightType, limit: Double) throws {
        let report = try ConvertedModel(.small(), .type(type)).report
        let row = try #require(report.rows.first)
        #expect(row.type == type)
        let worst = try #require(row.worst)
        #expect(worst.relativeError > limit / 4 && worst.relativeError < limit, "\(worst)")
    }

    @Test func theReportCountsWhatIsInTheFile() throws {
        let rules = ["*.rg_lru.*=q8", "model.embed_tokens.weight=f16"]
        let model = try ConvertedModel(Fixtures.oracle("alpha"), .type(.q4, rules: rules))
        let file = model.file
        #expect(model.report.rows.map(\.type) == [.q4, .q8, .f16, .f32])
        #expect(model.report.byteCount == file.byteCount)
        #expect(model.report.weightCount == file.tensors.reduce(0) { $0 + $1.weightCount })
        for row in model.report.rows {
            let tensors = file.tensors.filter { $0.type == row.type }
            #expect(row.tensorCount == tensors.count)
            #expect(row.byteCount == tensors.reduce(0) { $0 + $1.byteCount })
            #expect(row.weightCount == tensors.reduce(0) { $0 + $1.weightCount })
            #expect((row.worst == nil) == (row.type == .f32))
        }
        #expect(model.report.rows[0].bitsPerWeight == 4.5)
        #expect(model.report.rows[3].bitsPerWeight == 32)
    }

    @Test func theConfigurationIsThatOfTheCheckpoint() throws {
        let conversion = try Conversion(source: Fixtures.oracle("beta"))
        #expect(
            conversion.configuration
                == Configuration(
                    vocabularySize: 320, width: 192, layerCount: 6, headCount: 3, headDimension: 64, recurrentWidth: 192,
                    mlpWidth: 576, window: 24, blockPattern: [.recurrent, .recurrent, .attention],
                    endOfTurn: conversion.configuration.endOfTurn))
        let file = try ConvertedModel(Fixtures.oracle("beta")).file
        #expect(try Configuration(parsing: file.metadata.configuration) == conversion.configuration)
        let checkpoint = try Checkpoint(folder: Fixtures.oracle("beta"))
        #expect(file.metadata.tokenizer == checkpoint.tokenizer)
    }

    @Test func theFileSaysWhereItComesFrom() throws {
        var options = try Conversion.Options.type(.q8, rules: ["*.q_proj.weight=f16"])
        options.converter = "test 1"
        let file = try ConvertedModel(Fixtures.oracle("alpha") + "/../alpha/", options).file
        let provenance = try JSONValue(parsing: #require(file.metadata.provenance))
        #expect(provenance == ["converter": "test 1", "source": "alpha", "types": ["q8", "*.q_proj.weight=f16"]])
    }

    @Test(arguments: WeightType.allCases)
    func theFileIsTheSameForAnyNumberOfThreads(type: WeightType) throws {
        let source = try EditableCheckpoint.small().write()
        let contents = try [1, 2, 3, 7].map { threads in
            var options = try Conversion.Options.type(type)
            options.threads = threads
            return try ConvertedModel(source.path, options).contents()
        }
        withExtendedLifetime(source) {}
        let areSame = contents.allSatisfy { $0 == contents[0] }
        #expect(areSame)
    }
}

/// `tools/readers/rgq.py`, written from the document, reads the same weights.
@Suite(.enabled(if: Python.hasNumPy, "needs /usr/bin/python3 with NumPy (Debian: python3-numpy)"))
struct PythonAgreementTests {
    @Test(arguments: WeightType.allCases)
    func pythonDecodesEveryTensorToTheSameWeights(type: WeightType) throws {
        let model = try ConvertedModel(.small(), .type(type, rules: ["*.k_proj.weight=q8"]))
        let result = try Python.run(
            """
            import sys, numpy, rgq
            file = rgq.RGQFile(sys.argv[1])
            file.verify()
            for number, name in enumerate(file.tensors):
                numpy.save(f"{sys.argv[2]}/{number}.npy", file.decode(name))
            """, model.file.path, model.folder.path)
        #expect(result.status == 0, "\(result.errors)")
        let file = model.file
        for (number, tensor) in file.tensors.enumerated() {
            let decoded = try NumpyArray(path: model.folder.file("\(number).npy"))
            #expect(decoded.shape == tensor.dimensions)
            #expect(decoded.floats == file.weights(of: tensor), "\(tensor.name)")
        }
    }
}
