import ModelFile
import TestSupport
import Testing

/// Files whose checksums are right, but not what they protect.
@Suite struct HostileFileTests {
    @Test func theFileThatTheOthersAreBentFromIsValid() throws {
        let folder = try TemporaryFolder()
        let file = try ModelFile(path: folder.write(HandMadeFile().bytes(), to: "model.rgq"))
        #expect(file.tensors.map(\.name) == ["first", "second"])
        #expect(file.tensors.map(\.offset) == [4096, 8192])
        #expect(file.metadata == Metadata(configuration: Array("{}".utf8), tokenizer: Array("pieces".utf8)))
        try file.verifyAll()
    }

    @Test(arguments: HostileCase.all) func isRefusedWithAReason(_ hostile: HostileCase) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(hostile.bytes, to: "model.rgq")
        let error = try #require(throws: ModelFileError.self) { try ModelFile(path: path) }
        #expect(error.kind == .content)
        #expect(error.path == path)
        #expect(error.problem.contains(hostile.expected), "\(error)")
        #expect(error.advice.contains("rg-quant convert"))
    }

    @Test func keysThatNobodyKnowsAreSkipped() throws {
        let folder = try TemporaryFolder()
        var file = HandMadeFile()
        file.metadata = HandMadeFile.metadata([("new", "thing"), ("configuration", "{}"), ("newer", ""), ("tokenizer", "pieces")])
        let metadata = try ModelFile(path: folder.write(file.bytes(), to: "model.rgq")).metadata
        #expect(metadata == Metadata(configuration: Array("{}".utf8), tokenizer: Array("pieces".utf8)))
    }

    @Test func manyTensorsAreNoTrouble() throws {
        let folder = try TemporaryFolder()
        var file = HandMadeFile()
        file.entries = (0..<3000).map { HandMadeFile.Entry("tensor.\($0)") }
        let model = try ModelFile(path: folder.write(file.bytes(), to: "model.rgq"))
        #expect(model.tensors.count == 3000)
        #expect(model.tensor(named: "tensor.2999") == model.tensors.last)
    }
}
