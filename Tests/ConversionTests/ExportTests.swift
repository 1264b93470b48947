import Checkpoint
import Conversion
import Foundation
import Griffin
import ModelFile
import System
import TestSupport
import Testing
import Text
import Tiles

/// Model files written back as folders.
@Suite struct ExportTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func export(_ file: ModelFile, _ type: ElementType) throws -> String {
        let path = folder.file("out")
        try Export(model: file.path, type: type).write(to: path)
        return path
    }

    @Test(arguments: Fixtures.oracleNames, WeightType.allCases)
    func anExportInF32HasTheWeightsOfTheFile(name: String, type: WeightType) throws {
        let model = try ConvertedModel(Fixtures.oracle(name), .type(type))
        let path = try export(model.file, .f32)
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(Set(names) == ["config.json", "tokenizer.model", "model.safetensors"])
        let again = try ConvertedModel(path, .type(.f32)).file
        #expect(
            try Configuration(parsing: again.metadata.configuration) == Configuration(parsing: model.file.metadata.configuration))
        #expect(again.metadata.tokenizer == model.file.metadata.tokenizer)
        for (before, after) in zip(model.file.tensors, again.tensors) {
            #expect(before.name == after.name && before.dimensions == after.dimensions)
            #expect(model.file.weights(of: before) == again.weights(of: after), "\(before.name)")
        }
    }

    /// The checkpoint is in bf16, so that nothing is rounded.
    @Test func anExportInBF16IsTheCheckpointAgain() throws {
        let model = try ConvertedModel(Fixtures.tinyEnglish, .type(.f32))
        let path = try export(model.file, .bf16)
        let before = try Checkpoint(folder: Fixtures.tinyEnglish), after = try Checkpoint(folder: path)
        #expect(before.tensors.map(\.name) == after.tensors.map(\.name))
        for planned in try Configuration(parsing: model.file.metadata.configuration).tensorPlan {
            #expect(after.tensor(named: planned.name)?.type == .bf16)
            #expect(after.tensor(named: planned.name)?.dimensions == before.tensor(named: planned.name)?.dimensions)
            #expect(try after.weights(of: planned) == before.weights(of: planned), "\(planned.name)")
        }
    }

    @Test func bf16IsRoundedToNearestHalvesToEven() throws {
        var checkpoint = try EditableCheckpoint.small()
        let name = "model.final_norm.weight"
        // 1 plus half a unit of bf16's last place; 1 plus one and a half units; 1 plus a little more than half a unit; -1 minus a
        // quarter.
        let originals: [Float] = [0x1.01p0, 0x1.03p0, 0x1.01001p0, -0x1.008p0]
        checkpoint[name]?.floats.replaceSubrange(0..<4, with: originals)
        let model = try ConvertedModel(checkpoint, .type(.f32))
        let path = try export(model.file, .bf16)
        let exported = try Checkpoint(folder: path)
        let tensor = try #require(exported.tensor(named: name))
        let numbers = UnsafeMutablePointer<Float>.allocate(capacity: 4)
        defer { numbers.deallocate() }
        try exported.read(tensor, elements: 0..<4, into: numbers)
        let expected: [Float] = [1, 0x1.04p0, 0x1.02p0, -1]
        #expect((0..<4).map { numbers[$0] } == expected)
    }

    @Test func aChatTemplateIsRestored() throws {
        var options = try Conversion.Options.type(.q8)
        options.chatTemplate = .gemma
        let model = try ConvertedModel(Fixtures.tinyEnglish, options)
        let path = try export(model.file, .f32)
        #expect(try ConvertedModel(path, .type(.q8)).file.metadata.chatTemplate == model.file.metadata.chatTemplate)
        #expect(ChatTemplate.recognize(jinja: ChatTemplate.gemmaJinja) == .gemma)
    }

    @Test func onlyAnEmptyFolderIsWrittenTo() throws {
        let model = try ConvertedModel(.small(), .type(.q8))
        let path = try export(model.file, .f32)
        let error = #expect(throws: FileProblem.self) { try export(model.file, .f32) }
        #expect(error?.description == "\(path): is not empty; give the name of a new folder")
        let file = try folder.write([1], to: "file")
        let second = #expect(throws: FileProblem.self) { try Export(model: model.file.path, type: .f32).write(to: file) }
        #expect(second?.description == "\(file): is not a folder; give the path of a folder")
    }

    @Test func anExportThatIsCancelledLeavesNothing() throws {
        let model = try ConvertedModel(.small(), .type(.q8))
        let path = folder.file("out")
        let error = #expect(throws: FileProblem.self) {
            try Export(model: model.file.path, type: .f32).write(to: path, isCancelled: { true })
        }
        #expect(error?.kind == .cancelled)
        #expect(!FileManager.default.fileExists(atPath: path))
        // A folder that was there stays, and the export can be repeated.
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: FileProblem.self) {
            try Export(model: model.file.path, type: .f32).write(to: path, isCancelled: { true })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
        try Export(model: model.file.path, type: .f32).write(to: path)
    }

    /// Something takes one of the names while the weights are written.
    @Test(arguments: ["tokenizer.model", "model.safetensors"]) func anExportThatFailsAtItsEndLeavesNothing(name: String) throws {
        let model = try ConvertedModel(.small(), .type(.q8))
        let path = folder.file("out")
        let error = #expect(throws: FileProblem.self) {
            try Export(model: model.file.path, type: .f32).write(
                to: path, progress: { _ in try? Data("mine".utf8).write(to: URL(fileURLWithPath: path + "/" + name)) })
        }
        #expect(error?.problem == "is not an empty file, and so is not replaced")
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [name])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) == Data("mine".utf8))
        try FileManager.default.removeItem(atPath: path + "/" + name)
        try Export(model: model.file.path, type: .f32).write(to: path)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs to mount file systems: run as root"))
    func anExportForWhichThereIsNoRoomLeavesNothing() throws {
        let model = try ConvertedModel(.small(), .type(.q8)), disk = try SmallDisk(byteCount: 300_000)
        let error = #expect(throws: FileProblem.self) { try Export(model: model.file.path, type: .f32).write(to: disk.path) }
        #expect(error?.problem.contains("its disk has only") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test func aDamagedFileIsNotExported() throws {
        let model = try ConvertedModel(.small(), .type(.q8))
        try model.file.damage("model.final_norm.weight", with: [1, 2, 3, 4])
        let error = #expect(throws: FileProblem.self) { try Export(model: model.file.path, type: .f32) }
        #expect(error?.path == model.file.path && error?.problem == "is damaged in tensor model.final_norm.weight")
    }

    /// Seven threads are more than some tensors have slices.
    @Test(arguments: [ElementType.f32, .bf16]) func theBytesAreTheSameForAnyNumberOfThreads(type: ElementType) throws {
        let model = try ConvertedModel(.small(), .type(.q8))
        let exports = try [1, 3, 7].map { threads in
            let path = folder.file("\(threads)")
            try Export(model: model.file.path, type: type, threads: threads).write(to: path)
            return try Data(contentsOf: URL(fileURLWithPath: path + "/model.safetensors"))
        }
        #expect(exports[1] == exports[0] && exports[2] == exports[0])
    }

    @Test func progressCountsEveryByte() throws {
        let model = try ConvertedModel(.small(), .type(.q4))
        let export = try Export(model: model.file.path, type: .bf16)
        var steps: [Int] = []
        try export.write(to: folder.file("out"), progress: { steps.append($0) })
        #expect(steps.last == export.byteCount)
        #expect(export.byteCount == 2 * model.file.tensors.reduce(0) { $0 + $1.weightCount })
    }
}

/// Files compared with their checkpoints.
@Suite struct SourceComparisonTests {
    @Test(arguments: WeightType.allCases)
    func itFindsTheErrorsThatTheConversionReported(type: WeightType) throws {
        let model = try ConvertedModel(Fixtures.oracle("beta"), .type(type))
        let found = try SourceComparison(source: Fixtures.oracle("beta"), file: model.file.path).run()
        #expect(found.count == model.report.tensors.count)
        for (found, reported) in zip(found, model.report.tensors) {
            #expect(found.name == reported.description.name && found.type == reported.description.type)
            let tolerance = 1e-5 * max(reported.figures.relativeError, 1e-9)
            #expect(abs(found.figures.relativeError - reported.figures.relativeError) <= tolerance, "\(found.name)")
            #expect(found.figures.largestError == reported.figures.largestError)
            #expect((found.figures.signalToNoise == nil) == (found.figures.squaredErrors == 0))
        }
    }

    @Test func figuresAreTheSameForAnyNumberOfThreads() throws {
        let model = try ConvertedModel(Fixtures.oracle("beta"), .type(.q4))
        let figures = try [1, 3, 7].map { threads in
            try SourceComparison(source: Fixtures.oracle("beta"), file: model.file.path, threads: threads).run().map(\.figures)
        }
        #expect(figures[1] == figures[0] && figures[2] == figures[0])
        let error = #expect(throws: FileProblem.self) {
            try SourceComparison(source: Fixtures.oracle("beta"), file: model.file.path, threads: 0)
        }
        #expect(error?.description == "--threads: 0 threads are not possible; give a number in 1…1024")
    }

    @Test func aComparisonThatIsCancelledSaysSo() throws {
        let model = try ConvertedModel(Fixtures.oracle("beta"), .type(.q4))
        let comparison = try SourceComparison(source: Fixtures.oracle("beta"), file: model.file.path, threads: 3)
        let error = #expect(throws: FileProblem.self) { try comparison.run(isCancelled: { true }) }
        #expect(error?.kind == .cancelled)
    }

    /// A hostile checkpoint, which may be all holes, is refused before asking for memory for its matrices.
    @Test func gateBlocksTooWideToTurnInMemoryAreRefused() throws {
        let model = try ConvertedModel(.small(), .type(.q4))
        var checkpoint = try EditableCheckpoint.small()
        checkpoint.configuration["num_attention_heads"] = 1
        checkpoint.configuration["lru_width"] = 4097
        let source = try checkpoint.write()
        let error = #expect(throws: FileProblem.self) { try SourceComparison(source: source.path, file: model.file.path) }
        #expect(error?.path == source.file("config.json"))
        #expect(error?.problem.hasPrefix("describes gates in blocks of 4097 channels") == true)
    }

    @Test func anotherModelIsAnError() throws {
        let model = try ConvertedModel(Fixtures.oracle("beta"), .type(.q4))
        let error = #expect(throws: FileProblem.self) {
            try SourceComparison(source: Fixtures.oracle("alpha"), file: model.file.path)
        }
        #expect(error?.path == model.file.path)
        #expect(error?.problem.hasPrefix("has no tensor model.layers.0.temporal_pre_norm.weight of shape [128], as ") == true)
    }
}
