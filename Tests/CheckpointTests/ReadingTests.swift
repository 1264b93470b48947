import Foundation
import System
import TestSupport
import Testing

@testable import Checkpoint

/// What a checkpoint holds, and reading it.
@Suite struct ReadingTests {
    @Test(arguments: [("alpha", ElementType.f32, 512, 128, 8), ("beta", .bf16, 320, 192, 6), ("gamma", .f16, 1000, 256, 5)])
    func theReferenceCheckpointsOpen(_ name: String, _ type: ElementType, _ vocabulary: Int, _ width: Int, _ layers: Int)
        throws
    {
        let checkpoint = try Checkpoint(folder: Fixtures.oracle(name))
        #expect(checkpoint.configuration.vocabularySize == vocabulary)
        #expect(checkpoint.configuration.hiddenSize == width)
        #expect(checkpoint.configuration.layerCount == layers)
        let embedding = try #require(checkpoint.tensor(named: "model.embed_tokens.weight"))
        #expect(
            embedding.dimensions == [vocabulary, width] && embedding.type == type && embedding.count == vocabulary * width)
        #expect(checkpoint.tensors.map(\.name) == checkpoint.tensors.map(\.name).sorted())
        #expect(checkpoint.totalBytes == checkpoint.tensors.reduce(0) { $0 + $1.count * $1.type.bytes })
        #expect(checkpoint.tensor(named: "no such tensor") == nil)
        #expect(checkpoint.chatTemplate == nil)
        #expect(
            checkpoint.tokenizer
                == [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.oracle(name) + "/tokenizer.model"))))
        for tensor in checkpoint.tensors { #expect(try checkpoint.values(of: tensor).allSatisfy(\.isFinite)) }
        try checkpoint.checkUnchanged()
    }

    @Test func numbersAreThoseOfTheFileHoweverTheyAreRead() throws {
        let count = 2 * Checkpoint.readLength + 77
        var random = RandomSource(seed: 1)
        let values = random.normalFloats(count)
        let halves = values.map { Float16($0) }
        let cut = values.map { UInt16($0.bitPattern >> 16) }
        let file = SafetensorsBuilder([
            .init("single", values), .init("half", type: "F16", halves: halves.map(\.bitPattern)),
            .init("brain", type: "BF16", halves: cut),
        ])
        let folder = try CheckpointBuilder(files: ["tokenizer.model": [1], "model.safetensors": file.serialized]).write()
        let checkpoint = try Checkpoint(folder: folder.path)
        let expected = [
            "single": values, "half": halves.map { Float($0) }, "brain": cut.map { Float(bitPattern: UInt32($0) << 16) },
        ]
        for tensor in checkpoint.tensors {
            let whole = try #require(expected[tensor.name])
            #expect(try checkpoint.values(of: tensor) == whole)
            for range in [0..<0, 0..<1, 5..<6, count - 1..<count, 31..<Checkpoint.readLength + 32, count..<count] {
                #expect(try checkpoint.values(of: tensor, range) == Array(whole[range]))
            }
            checkpoint.release(tensor, elements: 0..<count)
        }
    }

    @Test func severalThreadsMayReadAtOnce() throws {
        let checkpoint = try Checkpoint(folder: Fixtures.oracle("beta"))
        let expected = try checkpoint.tensors.map { try checkpoint.values(of: $0) }
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for (tensor, values) in zip(checkpoint.tensors, expected) {
                #expect((try? checkpoint.values(of: tensor)) == values)
            }
        }
    }

    @Test(
        arguments: [
            ("F32", [0x00, 0x00, 0xC0, 0x7F], "a NaN"), ("F32", [0x00, 0x00, 0x80, 0xFF], "an infinity"),
            ("BF16", [0xC0, 0x7F], "a NaN"),
            ("BF16", [0x80, 0x7F], "an infinity"), ("F16", [0x00, 0x7E], "a NaN"), ("F16", [0x00, 0xFC], "an infinity"),
        ] as [(String, [UInt8], String)]) func whatIsNotFiniteIsNamedWithItsPlace(
            _ type: String, _ number: [UInt8], _ what: String
        ) throws
    {
        let rows = 300
        let columns = 250
        let place = 40_123
        var data = [UInt8](repeating: 0, count: rows * columns * number.count)
        data.replaceSubrange(place * number.count..<(place + 1) * number.count, with: number)
        let shape: [Int64] = [Int64(rows), Int64(columns)]
        let file = SafetensorsBuilder([.init("w", type: type, shape: .array(shape.map { .integer($0) }), data: data)])
        let folder = try CheckpointBuilder(files: ["tokenizer.model": [1], "model.safetensors": file.serialized]).write()
        let checkpoint = try Checkpoint(folder: folder.path)
        let tensor = try #require(checkpoint.tensor(named: "w"))
        for range in [0..<tensor.count, place..<place + 1, place - 3..<place + 40] {
            let error = #expect(throws: FileProblem.self) { try checkpoint.values(of: tensor, range) }
            #expect(error?.problem == "tensor w has \(what) at [160, 123]")
            #expect(error?.path == folder.file("model.safetensors"))
        }
        _ = try checkpoint.values(of: tensor, 0..<place)
        _ = try checkpoint.values(of: tensor, place + 1..<tensor.count)
    }

    @Test func aScalarHasNoIndices() throws {
        let file = SafetensorsBuilder([
            .init("s", shape: [], data: bytes([Float.nan])), .init("empty", shape: [0, 3], data: []),
        ])
        let folder = try CheckpointBuilder(files: ["tokenizer.model": [1], "model.safetensors": file.serialized]).write()
        let checkpoint = try Checkpoint(folder: folder.path)
        let scalar = try #require(checkpoint.tensor(named: "s"))
        let empty = try #require(checkpoint.tensor(named: "empty"))
        #expect(scalar.count == 1 && empty.count == 0)
        #expect(try checkpoint.values(of: empty) == [])
        let error = #expect(throws: FileProblem.self) { try checkpoint.values(of: scalar) }
        #expect(error?.problem == "tensor s has a NaN at []")
    }

    // MARK: - Files that change

    @Test func aFileThatIsCutWhileItIsReadIsAnError() throws {
        let folder = try CheckpointBuilder().write()
        let checkpoint = try Checkpoint(folder: folder.path)
        let path = folder.file("model.safetensors")
        #expect(truncate(path, off_t(checkpoint.weightFiles[0].byteCount - 1)) == 0)
        let tensor = try #require(checkpoint.tensor(named: "b"))
        let error = #expect(throws: FileProblem.self) { try checkpoint.values(of: tensor) }
        #expect(
            error?.description == "\(path): became shorter while it was read; wait until its writer is done and start again"
        )
        #expect(throws: FileProblem.self) { try checkpoint.checkUnchanged() }
    }

    @Test(arguments: ["config.json", "tokenizer.model", "model.safetensors", "tokenizer_config.json"])
    func aFileThatIsWrittenReplacedOrRemovedIsNoticed(_ name: String) throws {
        var builder = CheckpointBuilder()
        builder.files["tokenizer_config.json"] = Array("{}".utf8)
        func error(after change: (String) throws -> Void) throws -> FileProblem? {
            let folder = try builder.write()
            let checkpoint = try Checkpoint(folder: folder.path)
            try checkpoint.checkUnchanged()
            try change(folder.file(name))
            let error = #expect(throws: FileProblem.self) { try checkpoint.checkUnchanged() }
            #expect(error?.path == folder.file(name))
            return error
        }
        let written = try error { path in
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: [0])
        }
        #expect(written?.problem == "changed while it was read")
        let removed = try error { try FileManager.default.removeItem(atPath: $0) }
        #expect(removed?.problem == "was removed while it was read")
        // Another file with the same size and times.
        let replaced = try error { path in
            var times = stat()
            stat(path, &times)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            try bytes.write(to: URL(fileURLWithPath: path + ".new"))
            var pair = [times.st_atim, times.st_mtim]
            utimensat(AT_FDCWD, path + ".new", &pair, 0)
            rename(path + ".new", path)
        }
        #expect(replaced?.problem == "changed while it was read")
    }
}
