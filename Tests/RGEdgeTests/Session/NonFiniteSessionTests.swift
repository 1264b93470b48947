import Foundation
import ModelFile
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

/// What becomes of a session whose model comes to numbers that are not finite.
@Suite("Numbers that are not finite, in a session")
struct NonFiniteSessionTests {
    private let folder: TemporaryFolder
    private let model: Model
    /// Its embedding has a number that f32 has no square of.
    private let token: UInt32 = 511

    init() throws {
        folder = try TemporaryFolder()
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try ConvertedModels.path("alpha", .f32))))
        // The last number of the last tensor: opening doesn't look at its checksum.
        bytes.replaceSubrange((bytes.count - 4)..., with: withUnsafeBytes(of: Float(1e20).bitPattern.littleEndian, Array.init))
        model = try Model(path: try folder.write(bytes, to: "huge.rgq"), options: Model.Options(threads: 1))
    }

    private func tokens(_ count: Int) -> [UInt32] { (0..<UInt32(count)).map { $0 * 31 % 500 } }

    @Test("A feed that fails says why, and leaves the session as it was, however long it is", arguments: [0, 1, 20, 300])
    func feed(position: Int) throws {
        let session = try model.makeSession()
        try session.feed(tokens(position))
        let before = session.serialized()
        for count in [1, 3, 255, 256, 257, 600] {
            for call in 0..<2 {
                let fed = tokens(count - 1) + [token]
                let error = #expect(throws: ModelError.self, "\(count) tokens") {
                    if call == 0 { try session.feed(fed) } else { try session.feed(fed) { _, _ in } }
                }
                #expect(error?.kind == .content)
                #expect(
                    error?.description == """
                        \(model.file.path): numbers that are not finite come from the embedding of a token; check the file with \
                        rg-quant verify: if it is whole, the model needs numbers that f32 can't hold
                        """)
                #expect(session.position == Int64(position) && session.serialized() == before, "\(count) tokens")
            }
        }
        try session.feed([1, 2, 3])
        #expect(session.position == Int64(position + 3))
    }

    @Test("A prompt that fails leaves the session as it was, with and without a cache", arguments: [0, 20])
    func prompt(position: Int) throws {
        let text = String(decoding: model.tokenizer.decode([token]), as: UTF8.self)
        try #require(try model.encode(text).contains(token))
        let session = try model.makeSession()
        try session.feed(tokens(position))
        let before = session.serialized()
        let cache = try PromptCache(folder: folder.file("cache"), limit: 1 << 20, model: model)
        for prompt in [text, String(repeating: "a b c d ", count: 300) + text] {
            for cache in [nil, cache] {
                for lookup in [0, 4] {
                    let options = GenerationOptions(maxTokens: 3, lookup: lookup, cache: cache)
                    let error = #expect(throws: ModelError.self) { try session.generate(prompt, options: options) { _ in true } }
                    #expect(error?.kind == .content)
                    #expect(session.serialized() == before)
                }
            }
        }
    }

    @Test("An answer that fails ends after the token before")
    func answer() throws {
        // The damaged token has the largest logit, or the smallest: one of the two embeddings is chosen at once.
        for sign in [Float(1), -1] {
            let source = try Data(contentsOf: URL(fileURLWithPath: model.file.path))
            let bytes = [UInt8](source.dropLast(4)) + withUnsafeBytes(of: (sign * 1e20).bitPattern.littleEndian, Array.init)
            let model = try Model(path: try folder.write(bytes, to: "huge\(sign).rgq"), options: Model.Options(threads: 1))
            for lookup in [0, 4] {
                let session = try model.makeSession(), plain = try model.makeSession()
                try session.feed([2, 3, 4])
                let logits = try #require(session.logits)
                guard logits[Int(token)] == logits.max() else { continue }
                try plain.feed([2, 3, 4])
                let options = GenerationOptions(maxTokens: 3, lookup: lookup)
                let error = #expect(throws: ModelError.self) { try session.generate("", options: options) { _ in true } }
                #expect(error?.kind == .content)
                #expect(session.serialized() == plain.serialized())
                return
            }
        }
        Issue.record("neither chooses the token")
    }

    // MARK: - Saved sessions

    @Test("A saved session with a number that is not finite is refused", arguments: [WeightType.f32, .q8])
    func loading(type: WeightType) throws {
        let model = try Model(path: try ConvertedModels.path("alpha", type), options: Model.Options(threads: 1))
        let session = try model.makeSession()
        try session.feed(tokens(21))
        let floats: [UInt32] = [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFFF_FFFF]
        let halves: [UInt16] = [0x7C00, 0xFC00, 0x7E00, 0xFFFF]
        let parts = session.memory.state.parts(withExponents: false)
        #expect(parts.map(\.name).contains("values of attention layer 1"))
        for part in parts {
            for kind in 0..<4 {
                let bent = try model.makeSession()
                bent.memory.copy(from: session.memory)
                let place = bent.memory.state.parts(withExponents: false).first { $0.name == part.name }?.bytes
                let bytes =
                    part.element == .f32
                    ? withUnsafeBytes(of: floats[kind], Array.init) : withUnsafeBytes(of: halves[kind], Array.init)
                let last = try #require(place).count - bytes.count
                for offset in [0, last] {
                    bent.memory.copy(from: session.memory)
                    try #require(place).baseAddress.map { ($0 + offset).copyMemory(from: bytes, byteCount: bytes.count) }
                    let error = #expect(throws: ModelError.self) { try model.session(deserializing: bent.serialized().span.bytes) }
                    #expect(error?.kind == .content)
                    let words = "has numbers that are not finite in its \(part.name); begin a new conversation"
                    #expect(error?.description == "the saved session: \(words)")
                }
            }
        }
        session.memory.logits[7] = .nan
        let error = #expect(throws: ModelError.self) { try model.session(deserializing: session.serialized().span.bytes) }
        #expect(error?.description.contains("in its logits") == true)
    }

    /// Three layers of alpha, in f16 except for values that are 2^20 times as large, and what reads them.
    private func modelWithLargeValues() throws -> Model {
        var checkpoint = try EditableCheckpoint.small()
        for (name, factor) in [("v_proj", Float(0x1p20)), ("o_proj", 0x1p-20)] {
            let tensor = "model.layers.2.temporal_block.\(name).weight"
            let floats = try #require(checkpoint[tensor]).floats.map { $0 * factor }
            checkpoint[tensor]?.floats = floats
        }
        let source = try checkpoint.write()
        let path = try withExtendedLifetime(source) {
            try ConvertedModels.convert(source.path, .f16, attention: .f32, to: folder.file("large.rgq"))
        }
        return try Model(path: path, options: Model.Options(threads: 1))
    }

    @Test("A session with exponents is saved as version 2 and goes on to the bit; without as version 1")
    func versions() throws {
        let model = try modelWithLargeValues()
        for count in [1, 9, 40] {
            let session = try model.makeSession()
            try session.feed(tokens(count))
            let bytes = session.serialized()
            #expect(bytes[4] == 2 && bytes.count <= session.largestSerialization)
            let copy = try model.session(deserializing: bytes.span.bytes), fork = try session.fork()
            #expect(copy.serialized() == bytes)
            for other in [session, copy, fork] { try other.feed([5, 6, 7]) }
            let expected = try #require(session.logits).map(\.bitPattern)
            #expect(try #require(copy.logits).map(\.bitPattern) == expected)
            #expect(try #require(fork.logits).map(\.bitPattern) == expected)
        }
        #expect(try model.makeSession().serialized()[4] == 1)
        let usual = try Model(path: try ConvertedModels.path("alpha", .f16), options: Model.Options(threads: 1)).makeSession()
        try usual.feed(tokens(40))
        #expect(usual.serialized()[4] == 1)
    }

    @Test("An exponent that f32 doesn't have is refused")
    func exponents() throws {
        let model = try modelWithLargeValues()
        let session = try model.makeSession()
        try session.feed(tokens(3))
        let part = session.memory.state.parts(withExponents: true).last
        try #require(part).bytes.storeBytes(of: -127, as: Int8.self)
        let error = #expect(throws: ModelError.self) { try model.session(deserializing: session.serialized().span.bytes) }
        #expect(error?.kind == .format)
        #expect(error?.description.contains("has exponents of the values of attention layer 0 below -126") == true)
    }

    @Test("Python reads them, too", .enabled(if: Python.hasNumPy, "needs /usr/bin/python3 with NumPy (Debian: python3-numpy)"))
    func python() throws {
        let session = try modelWithLargeValues().makeSession()
        try session.feed(tokens(20))
        try session.save(to: folder.file("session.rgs"))
        let result = try Python.run(
            """
            import sys, numpy, rgs
            parts = rgs.RGSFile(sys.argv[1]).parts
            values = numpy.ldexp(parts["values_0"].astype(float), parts["value_exponents_0"][:, None])
            assert parts["value_exponents_0"].shape == (16,) and not parts["key_exponents_0"].any()
            print(numpy.abs(values).max() > 65504 and numpy.isfinite(values).all())
            """, folder.file("session.rgs"))
        #expect(result.status == 0 && result.output == "True\n", "\(result.errors)")
    }
}
