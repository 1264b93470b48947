import Foundation
import Kernels
import ModelFile
import ModelTestSupport
import System
import TestSupport
import Testing
import Tiles

@testable import Griffin

@Suite("Weights that are read from the disk in each pass")
struct StreamingTests {
    /// Keeps a part of a model's weights in memory. Slabs are small, so that the ring comes round many times in a pass.
    private func stream(_ model: RunnableModel, keeping share: Double) throws -> StreamPlan {
        let bytes = Int(share * Double(model.weights.bytesPerToken))
        let plan = try #require(StreamPlan(model.weights.file, residentBytes: bytes, slabBytes: 8 << 10))
        try #require(model.pass.setStreamPlan(plan))
        return plan
    }

    private func tokens(_ count: Int, _ model: RunnableModel, seed: UInt64 = 4) -> [Int] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in Int.random(in: 0..<model.configuration.vocabularySize, using: &random) }
    }

    @Test(
        "Logits are those with the file in memory, to the bit, whatever stays",
        arguments: [WeightType.f32, .f16, .q8, .q4], [1, 2, 5])
    func sameBits(type: WeightType, threads: Int) throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", type), threads: threads)
        let tokens = tokens(80, model)
        let expected = try model.logits(tokens, chunksOf: [1, 7, 2, 30])
        for share in [0.95, 0.7, 0.4, 0] {
            let plan = try stream(model, keeping: share)
            #expect(plan.slabs.count > 4)
            #expect(try model.logits(tokens, chunksOf: [1, 7, 2, 30]) == expected, "\(share) of the weights in memory")
        }
        try #require(model.pass.setStreamPlan(nil))
        #expect(try model.logits(tokens, chunksOf: [64]) == expected)
    }

    @Test("Passes with and without logits may follow each other in any order", arguments: Kernels.available.map(\.name))
    func mixedPasses(kernels: String) throws {
        let model = try RunnableModel(
            file: try ConvertedModels.path("alpha", .q4), kernels: try #require(Kernels.named(kernels)), threads: 3)
        let tokens = tokens(kernels == "scalar" ? 20 : 200, model).map(UInt32.init), vocabulary = model.configuration.vocabularySize
        func run() throws -> [Float] {
            var random = RandomSource(seed: 9)
            let state = try model.makeState()
            var logits: [Float] = []
            var first = 0
            while first < tokens.count {
                let end = min(tokens.count, first + Int.random(in: 1...6, using: &random))
                var last = [Float](repeating: 0, count: vocabulary)
                let isWanted = Bool.random(using: &random)
                try tokens[first..<end].withUnsafeBufferPointer { chunk in
                    try last.withUnsafeMutableBufferPointer {
                        try model.pass.feed(chunk, to: state, output: isWanted ? .last($0.baseAddress!) : .none)
                    }
                }
                logits += isWanted ? last : []
                first = end
            }
            return logits
        }
        let expected = try run()
        for share in [0.9, 0.5, 0.1] {
            _ = try stream(model, keeping: share)
            #expect(try run() == expected)
        }
    }

    @Test("A plan covers each byte once, keeps no more than it may, and reads the head before more than a tenth of the layers")
    func plans() throws {
        let model = try RunnableModel(file: try ConvertedModels.path("alpha", .q8))
        let file = model.weights.file, all = model.weights.bytesPerToken
        #expect(StreamPlan(file, residentBytes: all) == nil)
        let head = try #require(file.tensor(named: Configuration.embeddingName)).byteCount
        for resident in stride(from: 0, to: all - 1, by: max(1, all / 37)) {
            let plan = try #require(StreamPlan(file, residentBytes: resident, slabBytes: 4 << 10))
            let fixed = file.tensors.reduce(0) { $0 + ($1.isTiled ? 0 : $1.byteCount) }
            #expect(plan.residentBytes <= max(resident, fixed))
            #expect(plan.residentBytes + plan.streamedBytes == all)
            #expect(plan.slabs.reduce(0) { $0 + $1.bytes.count } == plan.streamedBytes)
            let ranges = (plan.residentRanges + plan.slabs.map(\.bytes)).sorted { $0.lowerBound < $1.lowerBound }
            #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == file.byteCount)
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
            let ofLayers = plan.streamedBytes - plan.streamedHeadBytes
            #expect(ofLayers <= (all - head) / 10 + 64 << 10 || plan.streamedHeadBytes > head - 64 << 10)
        }
    }

    @Test("A file that is cut, or written to, in use is an error that names it; the state stays as it was")
    func lostFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("model.rgq")
        try FileManager.default.copyItem(atPath: try ConvertedModels.path("alpha", .q4), toPath: path)
        let model = try RunnableModel(file: path)
        _ = try stream(model, keeping: 0.5)
        let state = try model.makeState()
        let tokens = tokens(40, model)
        _ = try model.logits(tokens, to: state)
        let position = state.position
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        // Bytes of the embedding's end, which is streamed.
        try handle.truncate(atOffset: UInt64(size - 4096))
        try handle.seekToEnd()
        try handle.write(contentsOf: content.suffix(4096))
        for _ in 0..<3 {
            let error = #expect(throws: ForwardPassError.self) { try model.logits(tokens, to: state) }
            guard case .unreadable(let reason) = error else { throw try #require(error) }
            #expect(reason.description.hasPrefix(path))
            #expect(state.position == position)
        }
    }

    @Test("A file whose tensors stand in another order is refused, since reading ahead depends on it")
    func otherOrder() throws {
        let folder = try TemporaryFolder()
        let file = try ModelFile(path: try ConvertedModels.path("alpha", .q4))
        for (name, swapped) in [("neighbours", (3, 4)), ("ends", (0, file.tensors.count - 1))] {
            var tensors = file.tensors
            tensors.swapAt(swapped.0, swapped.1)
            let path = folder.file(name)
            let writer = try ModelFileWriter(
                target: path,
                tensors: tensors.map {
                    TensorDescription(name: $0.name, type: $0.type, dimensions: $0.dimensions, isTiled: $0.isTiled)
                }, metadata: file.metadata)
            for tensor in tensors { try writer.append(file.bytes(of: tensor)) }
            try writer.finish()
            let error = #expect(throws: FileProblem.self) { try RunnableModel(file: path) }
            #expect(error?.description.hasPrefix("\(path): has its tensors in another order than a token passes them: ") == true)
        }
    }

    @Test("Reads past the cache give what reads through it give, at any place and length") func directReads() throws {
        let file = try ModelFile(path: try ConvertedModels.path("alpha", .q4))
        let reader = try #require(file.directReader())
        var random = RandomSource(seed: 3)
        for round in 0..<200 {
            let end = round == 0 ? file.byteCount : Int.random(in: 1...file.byteCount, using: &random)
            let start = Int.random(in: max(0, end - 100_000)..<end, using: &random)
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: reader.bufferBytes(for: end - start), alignment: reader.alignment)
            let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 16)
            defer {
                buffer.deallocate()
                plain.deallocate()
            }
            let offset = try reader.read(start..<end, into: buffer)
            try file.read(at: start, into: plain)
            #expect(buffer[offset..<offset + end - start].elementsEqual(plain))
        }
    }
}
