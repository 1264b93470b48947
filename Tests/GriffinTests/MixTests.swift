import Glibc
import Kernels
import ModelTestSupport
import TestSupport
import Testing
import Tiles

@testable import Griffin

/// A session that is fed in passes with others, and its twin that is fed alone.
private final class Twins {
    let mixed: State
    let alone: State
    let speculation: Speculation

    init(_ model: RunnableModel) throws {
        mixed = try model.makeState()
        alone = try model.makeState()
        speculation = try #require(Speculation(model.configuration, element: model.weights.cacheElement, capacity: 9))
    }

    func copy(from other: Twins) {
        mixed.copy(from: other.mixed)
        alone.copy(from: other.alone)
    }

    var areEqual: Bool {
        mixed.position == alone.position
            && zip(mixed.parts(withExponents: true), alone.parts(withExponents: true)).allSatisfy {
                memcmp($0.bytes.baseAddress!, $1.bytes.baseAddress!, $0.bytes.count) == 0
            }
    }
}

/// Many sessions on one model, in passes that are put together at random.
private struct Mixer {
    /// Few, so that mixes come to the bounds.
    static let tokensPerPass = 64, runsPerPass = 7

    private let model: RunnableModel
    /// Where the twins are fed.
    private let single: RunnableModel
    private let sessions: [Twins]
    private let snapshot: Twins
    private let trial: State
    private var random: RandomSource

    init(_ model: RunnableModel, alone single: RunnableModel, seed: UInt64) throws {
        self.model = model
        self.single = single
        sessions = try (0..<9).map { _ in try Twins(model) }
        snapshot = try Twins(model)
        trial = try model.makeState()
        random = RandomSource(seed: seed)
    }

    /// One session's part in a pass.
    private struct Part {
        enum Wanted { case none, last, all }

        let session: Twins
        let tokens: [UInt32]
        let wanted: Wanted
        /// Of a speculation; nil without one.
        let accepted: Int?

        var logitCount: Int { wanted == .none ? 0 : wanted == .last ? min(1, tokens.count) : tokens.count }
    }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Starts a session again, makes it a copy of another, keeps it, or goes back to what was kept.
    mutating func disturb() {
        let (one, other) = (sessions[pick(0...8)], sessions[pick(0...8)])
        switch pick(0...11) {
        case 0:
            one.mixed.reset()
            one.alone.reset()
        case 1: if one !== other { one.copy(from: other) }
        case 2: snapshot.copy(from: one)
        case 3: one.copy(from: snapshot)
        default: break
        }
    }

    private mutating func parts() -> [Part] {
        var room = Self.tokensPerPass
        return sessions.shuffled(using: &random).prefix(pick(1...Self.runsPerPass)).map { session in
            let speculates = pick(0...3) == 0
            // Single tokens, some tokens, prompts, some of which fill the pass; now and then none.
            let count = min(room, speculates ? pick(1...9) : [1, 1, 1, pick(0...5), pick(2...16), pick(17...64)][pick(0...5)])
            room -= count
            let tokens = (0..<count).map { _ in UInt32(pick(0...model.configuration.vocabularySize - 1)) }
            return Part(
                session: session, tokens: tokens, wanted: [.none, .last, .last, .all][pick(0...3)],
                accepted: speculates && count > 0 ? pick(1...count) : nil)
        }
    }

    /// Feeds a pass, and each session's tokens to its twin, and compares.
    mutating func mix() throws {
        let vocabulary = model.configuration.vocabularySize, parts = parts()
        // After the logits of each part comes a number that nobody may change.
        let guardNumber: Float = 12345
        var logits = [Float](repeating: guardNumber, count: parts.reduce(0) { $0 + $1.logitCount * vocabulary + 1 })
        try logits.withUnsafeMutableBufferPointer { logits in
            try parts.flatMap(\.tokens).withUnsafeBufferPointer { tokens in
                var runs: [Run] = [], token = 0, place = logits.baseAddress!
                for part in parts {
                    let output: ForwardPass.Output =
                        part.wanted == .none ? .none : part.wanted == .last ? .last(place) : .all(place)
                    runs.append(
                        Run(
                            UnsafeBufferPointer(rebasing: tokens[token..<token + part.tokens.count]), to: part.session.mixed,
                            output: output, speculation: part.accepted.map { _ in part.session.speculation }))
                    token += part.tokens.count
                    place += part.logitCount * vocabulary + 1
                }
                try runs.withUnsafeBufferPointer { try model.pass.feed($0) }
            }
        }
        var first = 0
        for part in parts {
            let end = first + part.logitCount * vocabulary
            let expected = try expectedLogits(part).suffix(part.logitCount * vocabulary)
            try #require(logits[first..<end].map(\.bitPattern) == expected.map(\.bitPattern), "\(parts.map(\.tokens.count))")
            try #require(logits[end] == guardNumber)
            if let accepted = part.accepted { part.session.speculation.accept(accepted, into: part.session.mixed) }
            try #require(part.session.areEqual)
            first = end + 1
        }
    }

    /// Feeds a part's tokens to the twin, those of a speculation that are not accepted to a copy of it.
    private func expectedLogits(_ part: Part) throws -> [Float] {
        let tokens = part.tokens.map(Int.init), fed = part.accepted ?? tokens.count
        let logits = try single.logits(Array(tokens[..<fed]), to: part.session.alone, chunksOf: [1, 7, 30])
        guard fed < tokens.count else { return logits }
        trial.copy(from: part.session.alone)
        return try logits + single.logits(Array(tokens[fed...]), to: trial, chunksOf: [2, 5])
    }
}

@Suite("Several sessions in a pass")
struct MixTests {
    @Test(
        "In any mix of prompts, decoding, speculation, forks and rewinds, each session's logits are those of it alone, to the bit",
        arguments: Kernels.available.map(\.name), WeightType.allCases)
    func mixes(kernels: String, type: WeightType) throws {
        // Some thousands with all sets and types. The scalar ones take a minute for what the others do in a second.
        // So does an emulated processor: fewer there, and those of its own kernels alone.
        let isEmulated = getenv("RG_EDGE_EMULATED") != nil
        guard !isEmulated || kernels == Kernels.best.name else { return }
        let count = isEmulated || kernels == "scalar" ? 4 : 60
        let kernels = try #require(Kernels.named(kernels))
        for (threads, name) in [(1, "alpha"), (2, "beta"), (3, "gamma")] {
            let file = try ConvertedModels.path(name, type)
            let single = try RunnableModel(file: file, kernels: kernels, threads: 1, chunk: 30)
            let model = try RunnableModel(
                file: file, kernels: kernels, threads: threads, chunk: Mixer.tokensPerPass, runs: Mixer.runsPerPass)
            var mixer = try Mixer(model, alone: single, seed: UInt64(threads))
            for _ in 0..<count {
                mixer.disturb()
                try mixer.mix()
            }
        }
    }

    @Test("The same with weights that are read from the disk, where a pass needs the head if one run does", arguments: 1...3)
    func streamedMixes(threads: Int) throws {
        let file = try ConvertedModels.path("alpha", .q4)
        let single = try RunnableModel(file: file, threads: 1, chunk: 30)
        let model = try RunnableModel(file: file, threads: threads, chunk: Mixer.tokensPerPass, runs: Mixer.runsPerPass)
        let plan = StreamPlan(model.weights.file, residentBytes: model.weights.bytesPerToken / 3, slabBytes: 8 << 10)
        try #require(model.pass.setStreamPlan(plan))
        var mixer = try Mixer(model, alone: single, seed: 7)
        for _ in 0..<60 {
            mixer.disturb()
            try mixer.mix()
        }
    }

    @Test("What takes a pass back is part of each state that can be fed, so that runs cost a pass next to nothing")
    func size() throws {
        let undo = try #require(RingUndo(.twoB, element: .f16, chunkCapacity: 256))
        defer { undo.deallocate() }
        #expect(undo.byteCount == 8 * 2 * 256 * (256 * 2 + 1))
        let fed = State.byteCount(.twoB, element: .f16), copy = State.byteCount(.twoB, element: .f16, canBeFed: false)
        #expect(fed == copy + 18 * 4 * 2560 * 4)
        let file = try ConvertedModels.path("alpha", .q8)
        let one = try RunnableModel(file: file, runs: 1), many = try RunnableModel(file: file, runs: 32)
        #expect(many.pass.runCapacity == 32)
        #expect((1...8192).contains(many.pass.byteCount - one.pass.byteCount))
    }
}
