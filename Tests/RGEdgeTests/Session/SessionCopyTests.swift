import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import RGEdge

/// Forks, snapshots and files: what comes next is the same to the bit as in a session that simply went on.
@Suite("Copies of a session")
struct SessionCopyTests {
    /// A way to get a session at the same point as another.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case fork, rewind, rewindOther, file, bytes

        var testDescription: String { rawValue }

        /// A session at the point of `session`, which is then fed other tokens, so that it shows if they still share something.
        func copy(_ session: Session, in folder: TemporaryFolder) throws -> Session {
            let model = session.model
            switch self {
            case .fork:
                let copy = try session.fork()
                try session.feed([7, 8, 9])
                return copy
            case .rewind:
                let snapshot = try session.snapshot()
                #expect(snapshot.position == session.position)
                // Past the window, so that every slot of the rings is overwritten.
                try session.feed((0..<40).map { $0 * 3 })
                try session.restore(snapshot)
                return session
            case .rewindOther:
                let snapshot = try session.snapshot()
                try session.feed([7, 8, 9])
                let other = try model.makeSession()
                try other.feed((0..<50).map { $0 * 5 })
                try other.restore(snapshot)
                return other
            case .file:
                let path = folder.file("session.rgs")
                try session.save(to: path)
                try session.feed([7, 8, 9])
                #expect(try folder.contents() == ["session.rgs"])
                return try model.session(from: path)
            case .bytes:
                let bytes = session.serialized()
                try session.feed([7, 8, 9])
                return try model.session(deserializing: bytes.span.bytes)
            }
        }
    }

    private let tokens = (0..<100).map { UInt32($0 * 31 % 512) }

    /// The bits of the logits after each of some tokens.
    private func bits(_ session: Session, feeding tokens: [UInt32]) throws -> [[UInt32]] {
        var rows: [[UInt32]] = []
        for token in tokens {
            try session.consume(token)
            rows.append(try #require(session.logits).map(\.bitPattern))
        }
        return rows
    }

    /// alpha's window is 16: before its rings are full, when they just are, and some rounds later.
    @Test(
        "The next logits are the same to the bit, for every weight type",
        arguments: [0, 1, 15, 16, 17, 3 * 16 + 7], WeightType.allCases)
    func nextLogits(position: Int, type: WeightType) throws {
        let model = try Model(path: try ConvertedModels.path("alpha", type), options: Model.Options(threads: 2))
        #expect(model.configuration.window == 16)
        let folder = try TemporaryFolder()
        let start = Array(tokens.prefix(position)), next = Array(tokens[position..<position + 20])
        let whole = try model.makeSession()
        try whole.feed(start)
        let logits = whole.logits.map { $0.map(\.bitPattern) }
        let expected = try bits(whole, feeding: next)
        for way in Way.allCases {
            let original = try model.makeSession()
            try original.feed(start)
            let copy = try way.copy(original, in: folder)
            #expect(copy.position == Int64(position), "\(way)")
            #expect(copy.logits.map { $0.map(\.bitPattern) } == logits, "\(way)")
            #expect(copy.memory.recent.oldestFirst == start, "\(way)")
            #expect(copy.memory.tokenHash == whole.tokenHash(of: start), "\(way)")
            #expect(try bits(copy, feeding: next) == expected, "\(way)")
        }
    }

    @Test("A fork and its original go their own ways")
    func independence() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4))
        let original = try model.makeSession()
        try original.feed(Array(tokens.prefix(20)))
        let fork = try original.fork()
        let alone = try model.makeSession()
        try alone.feed(Array(tokens.prefix(20)))
        var expected: [[UInt32]] = []
        for token in tokens[20..<40] {
            expected += try bits(alone, feeding: [token])
            // The original, token by token between the fork's, takes other tokens.
            try original.feed([511 - token])
        }
        #expect(try bits(fork, feeding: Array(tokens[20..<40])) == expected)
    }

    @Test("A snapshot can be gone back to again and again")
    func again() throws {
        let session = try Model(path: try ConvertedModels.path("alpha", .q8)).makeSession()
        try session.feed(Array(tokens.prefix(18)))
        let snapshot = try session.snapshot()
        let first = try bits(session, feeding: Array(tokens[18..<60]))
        for _ in 0..<3 {
            try session.restore(snapshot)
            #expect(try bits(session, feeding: Array(tokens[18..<60])) == first)
        }
        session.reset()
        #expect(session.position == 0)
        try session.restore(snapshot)
        #expect(session.position == 18)
    }

    @Test("Copies sample what their original would")
    func sampling() throws {
        let model = try Model(path: try ConvertedModels.path("tiny-en", .q4))
        let session = try model.makeSession()
        let sampling = Sampling(temperature: 1, topK: 50, repetitionPenalty: 1.3, seed: 6)
        func text(_ session: Session, _ prompt: String) throws -> String {
            var text = ""
            _ = try session.generate(prompt, options: GenerationOptions(sampling: sampling, maxTokens: 40)) {
                text += $0
                return true
            }
            return text
        }
        _ = try text(session, "And the LORD said")
        let fork = try session.fork()
        let restored = try model.session(deserializing: session.serialized().span.bytes)
        let expected = try text(session, "")
        #expect(!expected.isEmpty)
        #expect(try text(fork, "") == expected)
        #expect(try text(restored, "") == expected)
    }

    @Test("That a turn is open is part of what is kept")
    func openTurn() throws {
        let model = try Model(path: try ConvertedModels.pathWithTemplate("tiny-en", .q8))
        let session = try model.makeSession()
        let options = GenerationOptions(maxTokens: 3, asChatTurn: true)
        _ = try session.generate("Who was Moses?", options: options) { _ in true }
        let snapshot = try session.snapshot()
        let copies = [try session.fork(), try model.session(deserializing: session.serialized().span.bytes)]
        _ = try session.generate("And Aaron?", options: options) { _ in true }
        let end = session.position
        for copy in copies {
            _ = try copy.generate("And Aaron?", options: options) { _ in true }
            #expect(copy.position == end)
        }
        try session.restore(snapshot)
        _ = try session.generate("And Aaron?", options: options) { _ in true }
        #expect(session.position == end)
    }

    @Test("A snapshot of another model is refused, and the session untouched")
    func otherModel() throws {
        let alpha = try Model(path: try ConvertedModels.path("alpha", .q8))
        let session = try alpha.makeSession()
        try session.feed(Array(tokens.prefix(5)))
        let before = try #require(session.logits).map(\.bitPattern)
        // Of the same shapes, with other weights.
        let other = try Model(path: try ConvertedModels.path("alpha", .q4)).makeSession()
        let error = #expect(throws: ModelError.self) { try session.restore(other.snapshot()) }
        #expect(error?.kind == .mismatch)
        #expect(error?.description.contains("another model") == true)
        #expect(session.position == 5)
        #expect(try #require(session.logits).map(\.bitPattern) == before)
        // The same file opened again is the same model.
        let again = try Model(path: try ConvertedModels.path("alpha", .q8)).makeSession()
        try session.restore(again.snapshot())
        #expect(session.position == 0)
    }
}

extension Session {
    /// The hash of some tokens.
    fileprivate func tokenHash(of tokens: [UInt32]) -> TokenHash { tokens.reduce(into: TokenHash()) { $0.append($1) } }
}
