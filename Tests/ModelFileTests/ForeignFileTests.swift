import Foundation
import ModelFile
import System
import TestSupport
import Testing

/// Things that people pass as a model file by mistake.
@Suite struct ForeignFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The error for a file with these bytes.
    private func error(for bytes: some Sequence<UInt8>) throws -> FileProblem {
        try error(path: folder.write(bytes, to: "model.rgq"))
    }

    private func error(path: String) throws -> FileProblem {
        try #require(throws: FileProblem.self) { try ModelFile(path: path) }
    }

    @Test func nothing() throws {
        let error = try error(path: folder.file("missing.rgq"))
        #expect(error.kind == .io)
        #expect(error.description == "\(folder.file("missing.rgq")): no such file; check the path")
    }

    @Test func anEmptyName() throws { #expect(try error(path: "").description == "\"\": no such file; check the path") }

    @Test func aFolder() throws {
        let error = try error(path: folder.path)
        #expect(error.kind == .io)
        #expect(error.problem == "is a folder")
    }

    @Test func aPathThroughAFile() throws {
        try folder.write([1], to: "file")
        #expect(try error(path: folder.file("file/model.rgq")).description.contains("Not a directory"))
    }

    @Test func anEmptyFile() throws { #expect(try error(for: []).description.contains("is empty; copy or download it again")) }

    @Test(.timeLimit(.minutes(1))) func aFIFOIsNotWaitedFor() throws {
        try #require(mkfifo(folder.file("fifo"), 0o600) == 0)
        let error = try error(path: folder.file("fifo"))
        #expect(error.problem == "is not a regular file")
    }

    @Test func aDevice() throws { #expect(try error(path: "/dev/zero").problem == "is not a regular file") }

    @Test func aGitPointer() throws {
        let error = try error(for: "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 1500000000\n".utf8)
        #expect(error.kind == .format)
        #expect(error.description.contains("is only a Git LFS pointer"))
        #expect(error.advice.contains("git lfs pull"))
    }

    @Test func aSafetensorsFile() throws {
        let json = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let error = try error(for: little(UInt64(json.utf8.count)) + Array(json.utf8) + [0, 0, 0, 0])
        #expect(error.kind == .format)
        #expect(error.problem.contains("is a safetensors file"))
        #expect(error.advice.contains("rg-quant convert FOLDER -o MODEL.rgq"))
    }

    @Test func aGGUFFile() throws {
        let error = try error(for: Array("GGUF".utf8) + [UInt8](repeating: 3, count: 500))
        #expect(error.problem.contains("is a GGUF file"))
        #expect(error.advice.contains("rg-quant convert"))
    }

    @Test func weightsOfPyTorch() throws {
        #expect(try error(for: [0x50, 0x4B, 3, 4] + [UInt8](repeating: 8, count: 500)).problem.contains("ZIP archive"))
    }

    @Test func zeros() throws {
        #expect(try error(for: [UInt8](repeating: 0, count: 5000)).problem.contains("begins with zeros"))
    }

    @Test func text() throws {
        for bytes in [Array("{\"architectures\": []}".utf8), [0x52], Array("hello, world".utf8)] {
            let error = try error(for: bytes)
            #expect(error.kind == .format)
            #expect(error.path == folder.file("model.rgq"))
            #expect(error.problem == "is not an RGQ file")
            #expect(error.advice == "give a file that \"rg-quant convert\" wrote")
        }
    }
}
