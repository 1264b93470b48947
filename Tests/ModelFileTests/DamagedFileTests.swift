import Foundation
@testable import ModelFile
import System
import TestSupport
import Testing

/// A file that was written well and then lost or changed bytes.
@Suite struct DamagedFileTests {
    let folder: TemporaryFolder
    let path: String
    let original: [UInt8]
    /// The end of the metadata, and the start of the first tensor.
    let metadataEnd: Int
    let firstOffset: Int

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("model.rgq")
        try SampleModel().write(to: path)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func word(_ offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
        original = bytes
        metadataEnd = word(40) + word(48)
        firstOffset = word(72)
    }

    @Test func cutAnywhereItIsRefused() throws {
        let places = Array(0..<firstOffset) + Array(stride(from: firstOffset, to: original.count, by: 997)) + [original.count - 1]
        for length in places.reversed() {
            try #require(truncate(path, length) == 0)
            let error = try #require(throws: FileProblem.self, "cut to \(length) bytes") { try ModelFile(path: path) }
            #expect(error.path == path)
            switch length {
            case 0: #expect(error.problem == "is empty")
            case 1..<4: #expect(error.kind == .format)
            default:
                #expect(error.kind == .size)
                #expect(error.description.contains("is cut: it has"))
                #expect(error.advice == "copy or download it again, or convert the model again")
            }
        }
    }

    @Test func grownItIsRefused() throws {
        for extra in [1, 4096] {
            try folder.write(original + [UInt8](repeating: 0, count: extra), to: "model.rgq")
            let error = try #require(throws: FileProblem.self) { try ModelFile(path: path) }
            #expect(error.kind == .size)
            #expect(
                error.problem.contains("has grown: it has \(original.count + extra) bytes, and its header says \(original.count)"))
        }
    }

    @Test func everyBitOfHeaderTableAndMetadataIsProtected() throws {
        for offset in 0..<metadataEnd {
            for bit in 0..<8 {
                try withByte(at: offset, xor: 1 << bit) {
                    let error = try #require(throws: FileProblem.self, "byte \(offset), bit \(bit)") {
                        try ModelFile(path: path)
                    }
                    let expected: FileProblem.Kind =
                        switch offset {
                        case 0..<4: .format
                        case 4..<8: .version
                        default: .checksum
                        }
                    #expect(error.kind == expected, "byte \(offset), bit \(bit)")
                }
            }
        }
        try ModelFile(path: path).verifyAll()
    }

    @Test func anotherVersionSaysWhatToDo() throws {
        try withByte(at: 4, xor: 0xFE) {
            let error = try #require(throws: FileProblem.self) { try ModelFile(path: path) }
            #expect(error.problem == "is RGQ version 255, and this program reads \(FileLayout.versionsInWords)")
            #expect(error.advice.contains("convert the model again"))
        }
    }

    @Test func verifyFindsEveryBitOfATensorAndNamesIt() throws {
        var random = RandomSource(seed: 7)
        let file = try ModelFile(path: path)
        for tensor in file.tensors {
            let ends = [tensor.offset, tensor.offset + tensor.byteCount - 1]
            for offset in ends + (0..<5).map({ _ in Int.random(in: ends[0]...ends[1], using: &random) }) {
                try withByte(at: offset, xor: 1 << UInt8.random(in: 0..<8, using: &random)) {
                    // Opening doesn't look at tensors.
                    let damaged = try ModelFile(path: path)
                    let error = try #require(throws: FileProblem.self) { try damaged.verifyAll() }
                    #expect(error.kind == .checksum)
                    #expect(error.problem == "is damaged in tensor \(tensor.name)")
                    for other in damaged.tensors where other != tensor { try damaged.verify(other) }
                }
            }
        }
    }

    @Test func verifyFindsWhatIsInThePadding() throws {
        let file = try ModelFile(path: path)
        let places = [metadataEnd, firstOffset - 1] + file.tensors.dropLast().map { $0.offset + $0.byteCount }
        for place in places where !file.tensors.contains(where: { $0.offset == place }) {
            try withByte(at: place, xor: 0x40) {
                let error = try #require(throws: FileProblem.self) { try ModelFile(path: path).verifyAll() }
                #expect(error.kind == .checksum)
                #expect(error.problem.contains("its padding is not zero"))
            }
        }
    }

    @Test func verifyRefusesAnotherFilesTensor() throws {
        let other = folder.file("other.rgq")
        try SampleModel(tensors: [SampleModel.tensors[4]]).write(to: other)
        let foreign = try #require(try ModelFile(path: other).tensors.first)
        let error = try #require(throws: FileProblem.self) { try ModelFile(path: path).verify(foreign) }
        #expect(error.problem.contains("has no such tensor"))
    }

    @Test func aFileCutWhileItIsVerifiedIsAnErrorAndNoSignal() throws {
        let file = try ModelFile(path: path)
        let last = try #require(file.tensors.last)
        try #require(truncate(path, last.offset + 1) == 0)
        let error = try #require(throws: FileProblem.self) { try file.verify(last) }
        #expect(error.kind == .io)
        #expect(error.problem == "became shorter while it was read")
    }

    /// Runs `body` while a byte of the file is changed.
    private func withByte(at offset: Int, xor mask: UInt8, _ body: () throws -> Void) throws {
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        var changed = original[offset] ^ mask
        try #require(pwrite(descriptor, &changed, 1, offset) == 1)
        defer {
            var restored = original[offset]
            pwrite(descriptor, &restored, 1, offset)
        }
        try body()
    }
}
