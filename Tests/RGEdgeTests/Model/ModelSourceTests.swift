import Files
import Glibc
import ModelTestSupport
import RGEdge
import System
import TestSupport
import Testing

@Suite("Model files in other files, and in memory") struct ModelSourceTests {
    /// The logits after some tokens.
    private func logits(_ model: Model) throws -> [UInt32] {
        let session = try model.makeSession()
        try session.feed([2, 77, 78, 79, 300])
        return try #require(session.logits).map(\.bitPattern)
    }

    private func bytes(of path: String) throws -> [UInt8] {
        let file = try RegularFile(path: path)
        return try file.bytes(0..<file.byteCount)
    }

    @Test("A model behind a program computes what it does by itself, in memory or read from the disk") func appended() throws {
        let path = try ConvertedModels.path("alpha", .q4)
        let expected = try logits(try Model(path: path))
        let folder = try TemporaryFolder(), content = try bytes(of: path)
        for before in [0, 64, 5_056, 65_536] {
            let program = try folder.write([UInt8](repeating: 0x70, count: before) + content + [1, 2, 3], to: "program")
            let descriptor = open(program, O_RDONLY)
            defer { close(descriptor) }
            for residency in [Residency.auto, .all, .bytes(0)] {
                let model = try Model(
                    source: .descriptor(descriptor, offset: before, byteCount: content.count),
                    options: Model.Options(residency: residency))
                #expect(try logits(model) == expected)
                #expect(model.mappedBytes == content.count && (model.streamedBytes > 0) == (residency == .bytes(0)))
            }
        }
    }

    @Test("Memory is used in place, and kept as long as something uses it") func memory() throws {
        final class Owner {}
        let path = try ConvertedModels.path("alpha", .q8)
        let content = try bytes(of: path)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
        defer { memory.deallocate() }
        memory.copyBytes(from: content)
        weak var owner: Owner?
        do {
            let strong = Owner()
            owner = strong
            let model = try Model(source: .memory(UnsafeRawBufferPointer(memory), owner: strong), options: .init(preload: true))
            #expect(try logits(model) == logits(try Model(path: path)))
            #expect(model.path == "model in memory" && model.streamedBytes == 0)
        }
        #expect(owner == nil && memory.elementsEqual(content))
        #expect(throws: ModelError.self) {
            try Model(source: .memory(UnsafeRawBufferPointer(memory)), options: .init(residency: .bytes(1)))
        }
        #expect(throws: ModelError.self) {
            try Model(source: .memory(UnsafeRawBufferPointer(rebasing: memory[8...])))
        }
    }
}
