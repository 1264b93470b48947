import Foundation
import ModelFile
import System
import TestSupport
import Testing
import Tiles

@Suite struct WriterTests {
    let folder: TemporaryFolder
    let target: String

    init() throws {
        folder = try TemporaryFolder()
        target = folder.file("model.rgq")
    }

    private static let norm = TensorDescription(name: "norm", type: .f32, dimensions: [4], isTiled: false)
    private static let matrix = TensorDescription(name: "matrix", type: .q4, dimensions: [16, 64], isTiled: true)

    private func writer(_ tensors: [TensorDescription], metadata: Metadata = SampleModel.metadata) throws -> ModelFileWriter {
        try ModelFileWriter(target: target, tensors: tensors, metadata: metadata)
    }

    /// Appends `count` bytes.
    private func append(_ count: Int, to writer: ModelFileWriter) throws {
        try [UInt8](repeating: 7, count: count).withUnsafeBytes { try writer.append($0) }
    }

    @Test func aDroppedWriterLeavesNothing() throws {
        do {
            let writer = try writer([Self.norm])
            try append(10, to: writer)
            let unfinished = try withExtendedLifetime(writer) { try folder.contents() }
            #expect(!unfinished.contains("model.rgq"))
        }
        #expect(try folder.contents() == [])
    }

    @Test func theTargetIsUntouchedUntilTheEnd() throws {
        try folder.write(Array("RGQ0 of old".utf8), to: "model.rgq")
        let writer = try writer([Self.norm])
        try append(16, to: writer)
        #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data("RGQ0 of old".utf8))
        try writer.finish()
        #expect(try folder.contents() == ["model.rgq"])
        try ModelFile(path: target).verifyAll()
    }

    @Test func aFileThatIsMappedStaysAsItWasWhenItIsReplaced() throws {
        let old = SampleModel(seed: 1)
        try old.write(to: target)
        let file = try ModelFile(path: target)
        try SampleModel(seed: 2).write(to: target)
        try file.verifyAll()
        #expect(zip(file.tensors, old.contents).allSatisfy { file.bytes(of: $0).elementsEqual($1) })
        try ModelFile(path: target).verifyAll()
    }

    @Test func tooFewBytesAreRefused() throws {
        let writer = try writer([Self.norm, Self.matrix])
        try append(16 + 575, to: writer)
        let error = try #require(throws: FileProblem.self) { try writer.finish() }
        #expect(error.problem == "tensor matrix has only 575 of its 576 bytes")
        #expect(!FileManager.default.fileExists(atPath: target))
        try append(1, to: writer)
        try writer.finish()
        try ModelFile(path: target).verifyAll()
    }

    @Test func tooManyBytesAreRefused() throws {
        let writer = try writer([Self.norm, Self.matrix])
        let error = try #require(throws: FileProblem.self) { try append(16 + 576 + 3, to: writer) }
        #expect(error.problem == "3 bytes came after the last tensor was full")
    }

    @Test func itFinishesOnce() throws {
        let writer = try writer([Self.norm])
        try append(16, to: writer)
        try writer.finish()
        #expect(throws: FileProblem.self) { try writer.finish() }
        #expect(throws: FileProblem.self) { try append(1, to: writer) }
        try ModelFile(path: target).verifyAll()
    }

    @Test(arguments: [
        ("no tensors", [], "1 to 65536 tensors, not 0"),
        ("a name twice", [norm, norm], "two tensors have the name norm"),
        ("no name", [TensorDescription(name: "", type: .f32, dimensions: [1], isTiled: false)], "not printable ASCII"),
        ("a space", [TensorDescription(name: "a b", type: .f32, dimensions: [1], isTiled: false)], "not printable ASCII"),
        (
            "a long name",
            [TensorDescription(name: String(repeating: "n", count: 72), type: .f32, dimensions: [1], isTiled: false)],
            "a name of 72 bytes, over 71"
        ),
        ("plain f16", [TensorDescription(name: "a", type: .f16, dimensions: [1], isTiled: false)], "only f32 can be plain"),
        ("no dimensions", [TensorDescription(name: "a", type: .f32, dimensions: [], isTiled: false)], "has dimensions []"),
        ("a negative one", [TensorDescription(name: "a", type: .f32, dimensions: [-4], isTiled: false)], "has dimensions [-4]"),
        (
            "four", [TensorDescription(name: "a", type: .f32, dimensions: [1, 1, 1, 1], isTiled: false)],
            "has dimensions [1, 1, 1, 1]"
        ),
        ("a tiled vector", [TensorDescription(name: "a", type: .q8, dimensions: [64], isTiled: true)], "has dimensions [64]"),
        (
            "more than 2^63 bytes",
            ["a", "b"].map { TensorDescription(name: $0, type: .f32, dimensions: [4096, 1 << 24, 1 << 24], isTiled: true) },
            "tensor b ends beyond the largest file"
        ),
    ])
    func whatTheFormatCannotHoldIsRefused(_ what: String, _ tensors: [TensorDescription], _ expected: String) throws {
        let error = try #require(throws: FileProblem.self) { try writer(tensors) }
        #expect(error.kind == .content)
        #expect(error.problem.contains(expected), "\(what): \(error)")
        #expect(try folder.contents() == [])
    }

    @Test func tooMuchMetadataIsRefused() throws {
        let metadata = Metadata(configuration: [], tokenizer: [UInt8](repeating: 0, count: 64 << 20))
        let error = try #require(throws: FileProblem.self) { try writer([Self.norm], metadata: metadata) }
        #expect(error.problem.contains("is over the 67108864 that a file can hold"))
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system"))
    func aDiskTooSmallIsSaidAtTheStart() throws {
        let disk = try SmallDisk(byteCount: 1 << 20)
        let large = TensorDescription(name: "large", type: .q8, dimensions: [4096, 4096], isTiled: true)
        let error = try #require(throws: FileProblem.self) {
            try ModelFileWriter(target: disk.file("model.rgq"), tensors: [large], metadata: SampleModel.metadata)
        }
        #expect(error.kind == .io)
        #expect(error.description.contains("model.rgq: needs 178"))
        #expect(error.description.contains("bytes, but its disk has only"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system")) func aDiskThatFillsUpIsAnError() throws {
        let disk = try SmallDisk(byteCount: 1 << 20)
        do {
            let large = TensorDescription(name: "large", type: .f32, dimensions: [200_000], isTiled: false)
            let writer = try ModelFileWriter(target: disk.file("model.rgq"), tensors: [large], metadata: SampleModel.metadata)
            // Another program takes the room that was there.
            try Data(count: 700_000).write(to: URL(fileURLWithPath: disk.file("other")))
            let error = try #require(throws: FileProblem.self) { try append(800_000, to: writer) }
            #expect(error.kind == .io)
            #expect(error.description.contains("writing failed (No space left on device); the disk is full"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["other"])
    }
}
