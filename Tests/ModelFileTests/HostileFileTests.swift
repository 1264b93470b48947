import Glibc
import ModelFile
import System
import TestSupport
import Testing

/// Files whose checksums are right, but whose contents are not.
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
        let error = try #require(throws: FileProblem.self) { try ModelFile(path: path) }
        #expect(error.kind == .content)
        #expect(error.path == path)
        #expect(error.problem.contains(hostile.expected), "\(error)")
        #expect(error.advice.contains("rg-quant convert"))
    }

    /// A few kilobytes on the disk that would be 64 GiB in memory.
    @Test func metadataOfASparseFileIsRefusedUnread() throws {
        let folder = try TemporaryFolder()
        let metadataBytes: UInt64 = 1 << 36, first = metadataBytes + 4096
        var file = HandMadeFile()
        file.headerFields = [8: little(first), 48: little(metadataBytes), 72: little(first), 80: little(UInt64(0))]
        let path = try folder.write(file.bytes(), to: "model.rgq")
        try #require(truncate(path, off_t(first)) == 0)
        let error = try #require(throws: FileProblem.self) { try ModelFile(path: path) }
        #expect(error.kind == .content)
        #expect(error.problem == "has 68719476736 bytes of packed metadata, more than the 67372052 allowed")
    }

    @Test func textsAsLongAsTheyMayBeAreTaken() throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: " ", count: 1 << 20)
        let configuration = String(repeating: " ", count: 1 << 16)
        var file = HandMadeFile()
        file.metadata = HandMadeFile.metadata([
            ("configuration", configuration), ("tokenizer", text + text), ("chat_template", text), ("provenance", text),
        ])
        let metadata = try ModelFile(path: folder.write(file.bytes(), to: "model.rgq")).metadata
        #expect(metadata.configuration.count == 1 << 16 && metadata.tokenizer.count == 2 << 20)
        #expect(metadata.chatTemplate == text && metadata.provenance?.count == 1 << 20)
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

    /// Bytes of header, table and metadata changed at random, and the checksums made right again: the file opens
    /// with every tensor inside it, or it is refused.
    @Test func anyBytesBehindRightChecksumsAreReadSafely() throws {
        var random = RandomSource(seed: 3)
        let folder = try TemporaryFolder()
        let original = HandMadeFile().bytes()
        let path = try folder.write(original, to: "model.rgq")
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        let metadataStart = 128 + 2 * 128
        let metadataEnd = metadataStart + HandMadeFile.literalBlock(HandMadeFile().metadata).count
        // The table twice, because most of the numbers are there.
        let sections = [8..<120, 128..<metadataStart, 128..<metadataStart, metadataStart..<metadataEnd]
        let values: [UInt8?] = [0, 1, 0x7F, 0x80, 0xFF, nil]
        var refused = 0
        for _ in 0..<3000 {
            var bytes = Array(original[..<metadataEnd])
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let section = sections[Int.random(in: 0..<sections.count, using: &random)]
                let value = values[Int.random(in: 0..<values.count, using: &random)]
                bytes[Int.random(in: section, using: &random)] = value ?? UInt8.random(in: 0...255, using: &random)
            }
            for (place, range) in [(32, 128..<metadataStart), (64, metadataStart..<metadataEnd), (120, 0..<120)] {
                bytes.replaceSubrange(place..<place + 8, with: little(Checksum.of(bytes.span.bytes.extracting(range))))
            }
            try #require(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count)
            do throws(FileProblem) {
                let file = try ModelFile(path: path)
                for tensor in file.tensors { #expect(file.bytes(of: tensor).count == tensor.byteCount) }
            } catch {
                #expect(error.path == path)
                refused += 1
            }
        }
        #expect(refused > 2000)
    }
}
