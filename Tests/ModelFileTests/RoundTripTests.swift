import Foundation
import ModelFile
import System
import TestSupport
import Testing
import Tiles

@Suite struct RoundTripTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("model.rgq")
    }

    private func contents() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    @Test func everyTypeAndLayoutReadsBackAsItWasWritten() throws {
        let sample = SampleModel()
        try sample.write(to: path)

        let file = try ModelFile(path: path)
        #expect(file.metadata == sample.metadata)
        #expect(file.tensors.count == sample.tensors.count)
        for (index, entry) in file.tensors.enumerated() {
            let described = sample.tensors[index]
            #expect(entry.name == described.name)
            #expect(entry.type == described.type)
            #expect(entry.isTiled == described.isTiled)
            #expect(entry.dimensions == described.dimensions)
            #expect(entry.matrixShape == described.matrixShape)
            #expect(entry.weightCount == described.dimensions.reduce(1, *))
            #expect(file.bytes(of: entry).elementsEqual(sample.contents[index]))
            #expect(file.tensor(named: entry.name) == entry)
        }
        #expect(file.tensor(named: "none") == nil)
        try file.verifyAll()
    }

    @Test func sizesAreThoseOfWholeTiles() throws {
        try SampleModel().write(to: path)
        let file = try ModelFile(path: path)
        let expected = [
            "norm.weight": 4 * 37, "conv_1d.weight": 4 * 4 * 37, "cube": 4 * 2 * 3 * 5,
            // 2 × 2 tiles; 3 matrices of 2 × 1.
            "matrix.f32": 4 * 4096, "matrix.f16": 4 * 2048, "matrix.q8": 4 * 1088, "matrix.q4": 4 * 576,
            "stack.f32": 6 * 4096, "stack.f16": 6 * 2048, "stack.q8": 6 * 1088, "stack.q4": 6 * 576,
        ]
        #expect(Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.byteCount) }) == expected)
    }

    @Test func everythingLiesWhereTheDocumentPutsIt() throws {
        try SampleModel().write(to: path)
        let file = try ModelFile(path: path)
        let bytes = try contents()
        func word(_ offset: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
        #expect(bytes[0..<8].elementsEqual([0x52, 0x47, 0x51, 0x31, 1, 0, 0, 0]))
        #expect(word(8) == bytes.count)
        #expect(file.byteCount == bytes.count)
        #expect(word(16) == 128)
        #expect(word(24) == 128 * file.tensors.count)
        #expect(word(40) == 128 + word(24))

        var end = word(40) + word(48)
        for (index, entry) in file.tensors.enumerated() {
            let start = (end + 4095) / 4096 * 4096
            #expect(entry.offset == start)
            #expect(bytes[end..<start].allSatisfy { $0 == 0 })
            let row = 128 + 128 * index
            #expect(bytes[row..<row + entry.name.utf8.count].elementsEqual(entry.name.utf8))
            #expect(word(row + 96) == start)
            #expect(word(row + 104) == entry.byteCount)
            #expect(file.bytes(of: entry).baseAddress.map { Int(bitPattern: $0) % 4096 } == 0)
            end = start + entry.byteCount
        }
        #expect(word(72) == file.tensors.first?.offset)
        #expect(word(80) == bytes.count - word(72))
        #expect(end == bytes.count)
    }

    @Test func theBytesDoNotDependOnThePartsTheyCameIn() throws {
        let sample = SampleModel()
        try sample.write(to: path)
        let inParts = try contents()
        let writer = try ModelFileWriter(target: path, tensors: sample.tensors, metadata: sample.metadata)
        try sample.contents.flatMap { $0 }.withUnsafeBytes { try writer.append($0) }
        #expect(writer.byteCount == inParts.count)
        try writer.finish()
        #expect(try contents() == inParts)
    }

    @Test(arguments: [
        Metadata(configuration: Array("{}".utf8), tokenizer: [1]),
        Metadata(configuration: [], tokenizer: [], chatTemplate: "", provenance: []),
        Metadata(configuration: [1], tokenizer: [2], sampling: Array(#"{"top_k":64}"#.utf8), provenance: [3]),
        Metadata(configuration: [], tokenizer: [], chatTemplate: "{text} – größer, 大きい, 🙂\0"),
        Metadata(configuration: [], tokenizer: (0..<1_000_000).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 7) }),
    ])
    func metadataReadsBackAsItWasWritten(_ metadata: Metadata) throws {
        try SampleModel(tensors: [SampleModel.tensors[0]], metadata: metadata).write(to: path)
        #expect(try ModelFile(path: path).metadata == metadata)
    }

    @Test func openingReadsNoWeights() throws {
        let byteCount = 16 << 20
        var handMade = HandMadeFile()
        handMade.entries = [HandMadeFile.Entry("large")]
        handMade.entries[0].dimensions = [UInt32(byteCount / 4), 0, 0]
        handMade.entries[0].byteCount = UInt64(byteCount)
        handMade.extraBytes = byteCount - 16
        // The tensor is a hole, whose pages are in the file cache only once they have been read.
        let bytes = handMade.bytes()
        try folder.write(bytes[..<4096], to: "model.rgq")
        try #require(truncate(path, bytes.count) == 0)

        let file = try ModelFile(path: path)
        let tensor = try #require(file.tensor(named: "large"))
        func cachedPages() throws -> Int {
            var pages = [UInt8](repeating: 0, count: byteCount / 4096)
            let start = UnsafeMutableRawPointer(mutating: file.bytes(of: tensor).baseAddress)
            try #require(mincore(start, byteCount, &pages) == 0)
            return pages.count { $0 & 1 != 0 }
        }
        // Read-ahead beyond the header may reach into the tensor.
        #expect(try cachedPages() < byteCount / 4096 / 2)
        #expect(throws: FileProblem.self) { try file.verify(tensor) }
        #expect(try cachedPages() == byteCount / 4096)
    }

    @Test func theLongestNameFits() throws {
        let name = String(repeating: "n", count: 71)
        try SampleModel(tensors: [TensorDescription(name: name, type: .f32, dimensions: [1], isTiled: false)]).write(to: path)
        #expect(try ModelFile(path: path).tensor(named: name)?.byteCount == 4)
    }
}
