import Foundation
import KernelTypes
import Kernels
import ModelFile
import ModelTestSupport
import System
import TestSupport
import Testing
import Tiles

@testable import Griffin

/// Damage that quantized activations, sigmoids, the softmax or the soft cap would hide: every float of a model file counts.
@Suite("Numbers that are not finite")
struct NonFiniteTests {
    /// A copy of a model file in which bytes of a tensor can be replaced; opening doesn't look at the tensors' checksums.
    private final class BentFile {
        let path: String
        private let file: FileHandle

        init(_ source: String, in folder: TemporaryFolder) throws {
            path = folder.file("bent.rgq")
            try FileManager.default.copyItem(atPath: source, toPath: path)
            file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        }

        deinit { try? file.close() }

        /// Runs `body` while the file has `bytes` at an offset of a tensor.
        func with<Result>(
            _ bytes: [UInt8], at offset: Int, of tensor: TensorEntry, _ body: (String) throws -> Result
        ) throws -> Result {
            let place = UInt64(tensor.offset + offset)
            try file.seek(toOffset: place)
            let usual = try file.read(upToCount: bytes.count) ?? Data()
            func write(_ bytes: Data) throws {
                try file.seek(toOffset: place)
                try file.write(contentsOf: bytes)
            }
            try write(Data(bytes))
            defer { try? write(usual) }
            return try body(path)
        }
    }

    /// Bits of numbers that are not finite. The last two NaNs have payloads that integer arithmetic on exponents makes numbers of.
    private static let floats: [UInt32] = [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFFF_FFFF, 0x7F80_0001]
    private static let halves: [UInt16] = [0x7C00, 0xFC00, 0x7E00, 0xFFFF, 0x7C01]

    private static func bytes(_ type: WeightType, _ index: Int) -> [UInt8] {
        type == .f32
            ? withUnsafeBytes(of: floats[index % floats.count].littleEndian, Array.init)
            : withUnsafeBytes(of: halves[index % halves.count].littleEndian, Array.init)
    }

    @Test(
        "A damaged number anywhere in a model ends the first feed, and names the layer", arguments: WeightType.allCases,
        Kernels.compiledNames)
    func everyTensor(type: WeightType, kernels: String) throws {
        // This processor may not have them.
        guard let set = Kernels.named(kernels) else { return }
        let folder = try TemporaryFolder()
        let source = try ConvertedModels.path("alpha", type)
        let tokens = try Fixtures.oracleArray("alpha", "tokens_17").integers
        let whole = try ModelFile(path: source), bent = try BentFile(source, in: folder)
        // Two kinds of non-finite numbers for the kernels that are used here, otherwise one: they take turns.
        let kinds = set.name == Kernels.best.name ? 2 : 1
        for (number, tensor) in whole.tensors.enumerated() {
            for kind in 0..<kinds {
                // Scales, and the first weights of a tile, are at its start; the second row's.
                let size = tensor.type == .f32 ? 4 : 2
                let bytes = Self.bytes(tensor.type, 2 * kind + number)
                let place = "\(tensor.name), \(bytes)"
                try bent.with(bytes, at: size, of: tensor) { path in
                    if tensor.name.hasSuffix("recurrent_param") {
                        let error = #expect(throws: FileProblem.self, "\(place)") { try RunnableModel(file: path, kernels: set) }
                        #expect(error?.problem == "has weights that are not finite in tensor \(tensor.name), the first at [1]")
                        return
                    }
                    let model = try RunnableModel(file: path, kernels: set, threads: 1 + kind)
                    let state = try model.makeState()
                    let error = #expect(throws: NonFiniteNumbers.self, "\(place)") { try model.logits(tokens, to: state) }
                    #expect(state.position == 0)
                    let layer = tensor.name.split(separator: ".").dropFirst(2).first.flatMap { Int($0) }
                    #expect(error?.layer == layer, "\(place): \(String(describing: error))")
                }
            }
        }
    }

    @Test("What is found, and where")
    func descriptions() throws {
        let folder = try TemporaryFolder()
        let source = try ConvertedModels.path("alpha", .q8)
        let whole = try ModelFile(path: source), bent = try BentFile(source, in: folder)
        let cases = [
            ("model.layers.0.temporal_pre_norm.weight", "the norm before layer 0 (recurrent)"),
            ("model.layers.1.temporal_block.conv_1d.bias", "the convolution of layer 1 (recurrent)"),
            ("model.layers.1.temporal_block.rg_lru.input_gate_bias", "the gates of layer 1 (recurrent)"),
            ("model.layers.1.temporal_block.linear_y.bias", "the RG-LRU of layer 1 (recurrent)"),
            ("model.layers.2.temporal_block.q_proj.weight", "the queries of layer 2 (attention)"),
            ("model.layers.2.temporal_block.k_proj.weight", "the keys of layer 2 (attention)"),
            ("model.layers.2.temporal_block.v_proj.weight", "the values of layer 2 (attention)"),
            ("model.layers.2.temporal_block.o_proj.bias", "the output of layer 2 (attention)"),
            ("model.layers.5.channel_pre_norm.weight", "the norm before the MLP of layer 5 (attention)"),
            ("model.layers.7.mlp_block.up_proj.bias", "the MLP of layer 7 (recurrent)"),
            ("model.layers.7.mlp_block.down_proj.bias", "the MLP's output in layer 7 (recurrent)"),
            ("model.final_norm.weight", "the last norm"),
            ("model.embed_tokens.weight", "the embedding as the head"),
        ]
        for (name, expected) in cases {
            let tensor = try #require(whole.tensor(named: name))
            let error = try bent.with(Self.bytes(tensor.type, 1), at: 4, of: tensor) { path in
                #expect(throws: NonFiniteNumbers.self) { try RunnableModel(file: path).logits([5, 6, 7]) }
            }
            #expect(error?.description == "numbers that are not finite come from \(expected)")
        }
        let embedding = try #require(whole.tensor(named: "model.embed_tokens.weight"))
        let error = try bent.with(Self.bytes(.q8, 2), at: 2, of: embedding) { path in
            #expect(throws: NonFiniteNumbers.self) { try RunnableModel(file: path).logits([1]) }
        }
        #expect(error?.description == "numbers that are not finite come from the embedding of a token")
        #expect(error?.layer == nil)
    }

    @Test("A chunk that fails leaves the state as it was, before, in and past the window", arguments: [0, 3, 15, 16, 40])
    func stateStays(position: Int) throws {
        let folder = try TemporaryFolder()
        let source = try ConvertedModels.path("alpha", .f32)
        let embedding = try #require(try ModelFile(path: source).tensor(named: "model.embed_tokens.weight"))
        // Token 511's embedding has a number that f32 has no square of.
        let huge = withUnsafeBytes(of: Float(1e20).bitPattern.littleEndian, Array.init)
        try BentFile(source, in: folder).with(huge, at: embedding.byteCount - 4, of: embedding) { path in
            try Self.expectStaying(try RunnableModel(file: path), at: position)
        }
    }

    /// Feeds chunks that end with token 511, which fails.
    private static func expectStaying(_ model: RunnableModel, at position: Int) throws {
        let state = try model.makeState()
        _ = try model.logits((0..<position).map { $0 * 7 % 500 }, to: state)
        let before = state.parts(withExponents: true).map { Array($0.bytes) }
        for count in [1, 2, 5, 16, 17, 60] {
            let tokens = (1..<count).map { $0 * 3 } + [511]
            #expect(throws: NonFiniteNumbers.self) { try model.logits(tokens, to: state) }
            #expect(state.position == Int64(position))
            #expect(state.parts(withExponents: true).map { Array($0.bytes) } == before, "\(count) tokens at \(position)")
        }
        #expect(try model.logits([1, 2, 3], to: state).allSatisfy { $0.isFinite })
    }

    @Test("A pass that fails leaves the states of all runs as they were, and names the first run that is at fault")
    func otherRunsStay() throws {
        let folder = try TemporaryFolder()
        let source = try ConvertedModels.path("alpha", .f32)
        let embedding = try #require(try ModelFile(path: source).tensor(named: "model.embed_tokens.weight"))
        let huge = withUnsafeBytes(of: Float(1e20).bitPattern.littleEndian, Array.init)
        try BentFile(source, in: folder).with(huge, at: embedding.byteCount - 4, of: embedding) { path in
            for threads in 1...3 { try Self.expectOthersStaying(try RunnableModel(file: path, threads: threads)) }
        }
    }

    /// Feeds five runs at different positions, some of which come to token 511, which fails; then the others without them.
    private static func expectOthersStaying(_ model: RunnableModel) throws {
        let vocabulary = model.configuration.vocabularySize
        let states = try [0, 3, 16, 40, 15].map { position in
            let state = try model.makeState()
            _ = try model.logits((0..<position).map { $0 * 7 % 500 }, to: state)
            return state
        }
        func bytes(_ state: State) -> [[UInt8]] { state.parts(withExponents: true).map { Array($0.bytes) } }
        let before = states.map(bytes), positions = states.map(\.position)
        let speculation = try #require(Speculation(model.configuration, element: model.weights.cacheElement, capacity: 4))
        for faulty in [[0], [1], [2], [3], [4], [1, 2], [3, 4], [0, 1, 2, 3, 4]] {
            let tokens = [20, 1, 17, 3, 2].enumerated().map { number, count in
                (1..<count).map { UInt32($0 * 3) } + [faulty.contains(number) ? 511 : 9]
            }
            var logits = [Float](repeating: 0, count: 5 * vocabulary)
            let error = #expect(throws: ForwardPassError.self) {
                try model.feed(tokens, to: states, logits: &logits, speculations: [3: speculation])
            }
            guard case .nonFinite(let numbers) = error else { throw try #require(error) }
            #expect(numbers.run == faulty[0])
            #expect(states.map(\.position) == positions && states.map(bytes) == before, "\(faulty)")
            // Those that are not at fault, together.
            let others = states.indices.filter { !faulty.contains($0) }
            guard !others.isEmpty else { continue }
            let copies = try others.map { number in
                let copy = try model.makeState()
                copy.copy(from: states[number])
                return copy
            }
            var together = [Float](repeating: 0, count: others.count * vocabulary)
            try model.feed(others.map { tokens[$0] }, to: copies, logits: &together)
            for (place, number) in others.enumerated() {
                let alone = try model.makeState()
                alone.copy(from: states[number])
                let expected = try model.logits(tokens[number].map(Int.init), to: alone).suffix(vocabulary)
                #expect(Array(together[place * vocabulary..<(place + 1) * vocabulary]) == Array(expected))
            }
        }
    }

    @Test("Values and keys of any size give the logits of the usual ones", arguments: [Float(0x1p17), 0x1p60, 0x1p-30])
    func ringRange(factor: Float) throws {
        let usual = try Self.converted(values: 1, keys: 1), tokens = try Fixtures.oracleArray("alpha", "tokens_40").integers
        let expected = try usual.logits(tokens)
        for (values, keys) in [(factor, 1), (1, factor)] as [(Float, Float)] {
            let model = try Self.converted(values: values, keys: keys)
            let state = try model.makeState()
            let logits = try model.logits(tokens, to: state)
            #expect(state.hasExponents)
            // f16 rounds keys and values to 2^-11, and with exponents no other way, unless f32 runs out of exponents.
            #expect(relativeError(logits, expected) < 1e-5, "values × \(values), keys × \(keys)")
            // One by one, and by a speculation.
            let single = try model.logits(tokens, chunksOf: [1])
            #expect(single.map(\.bitPattern) == logits.map(\.bitPattern))
            let speculation = try #require(Speculation(model.configuration, element: .f16, capacity: 4))
            let copy = try model.makeState()
            copy.copy(from: state)
            let next = try model.logits([5, 6, 7], to: state)
            var tried = [Float](repeating: 0, count: 3 * model.configuration.vocabularySize)
            try tried.withUnsafeMutableBufferPointer { tried in
                try [5, 6].withUnsafeBufferPointer {
                    try model.pass.feed($0, to: copy, output: .all(tried.baseAddress!), speculation: speculation)
                }
            }
            speculation.accept(2, into: copy)
            #expect(try model.logits([7], to: copy) == next.suffix(model.configuration.vocabularySize))
        }
    }

    /// Three layers of alpha in f16, with values and keys multiplied and what reads them divided; f16 has no weights of all of
    /// these sizes, so the matrices concerned are f32.
    private static func converted(values: Float, keys: Float) throws -> RunnableModel {
        var checkpoint = try EditableCheckpoint.small()
        let block = "model.layers.2.temporal_block."
        for (name, factor) in [("v_proj", values), ("o_proj", 1 / values), ("k_proj", keys), ("q_proj", 1 / keys)] {
            let numbers = checkpoint[block + name + ".weight"]?.floats ?? []
            checkpoint[block + name + ".weight"]?.floats = numbers.map { $0 * factor }
        }
        let folder = try checkpoint.write()
        return try withExtendedLifetime(folder) {
            try RunnableModel(file: try ConvertedModels.convert(folder.path, .f16, attention: .f32, to: folder.file("model.rgq")))
        }
    }
}
