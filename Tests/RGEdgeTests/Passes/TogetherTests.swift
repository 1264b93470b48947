import Foundation
import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

@Suite("Sessions that are fed together")
struct TogetherTests {
    @Test("Each is what it would be alone, in memory and in its next logits, and can be saved")
    func together() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 2))
        // More than a pass takes, so that there are several.
        let sessions = try (0..<35).map { number in
            let session = try model.makeSession()
            try session.feed((0..<UInt32(number * 9)).map { $0 * 31 % 500 })
            return session
        }
        let alone = try sessions.map { try $0.fork() }
        for step in 0..<6 as Range<UInt32> {
            // Some nothing, most a token, some a prompt.
            let tokens = (0..<UInt32(35)).map { number in
                let count = number % 7 == 6 ? 10 * number : number % 5 == 4 ? 0 : 1
                return (0..<count).map { (number * step + 7 * $0) % 500 }
            }
            try model.feed(tokens, to: sessions)
            for (session, tokens) in zip(alone, tokens) { try session.feed(tokens) }
        }
        for (session, other) in zip(sessions, alone) {
            #expect(session.position == other.position)
            guard session.position > 0 else { continue }
            #expect(try #require(session.logits).elementsEqual(try #require(other.logits)))
            #expect(session.serialized() == other.serialized())
        }
    }

    @Test("Sessions that generate at once read the weights once for all")
    func sharing() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 2))
        let sessions = try (0..<8).map { _ in try model.makeSession() }
        for step in 0..<5 as Range<UInt32> { try model.feed((0..<8).map { [$0 + step] }, to: sessions) }
        #expect(model.passCounts.passes == 5 && model.passCounts.runs == 40 && model.passCounts.tokens == 40)
    }

    /// A model whose token 511 has a number in its embedding whose square f32 can't hold.
    private func hugeModel(_ folder: TemporaryFolder) throws -> Model {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try ConvertedModels.path("alpha", .f32))))
        bytes.replaceSubrange((bytes.count - 4)..., with: withUnsafeBytes(of: Float(1e20).bitPattern.littleEndian, Array.init))
        return try Model(path: try folder.write(bytes, to: "huge.rgq"), options: Model.Options(threads: 1))
    }

    @Test("A call that makes no sense changes nothing")
    func nonsense() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4))
        let sessions = try (0..<2).map { _ in try model.makeSession() }
        try model.feed([[5], [6, 7]], to: sessions)
        let before = sessions.map { $0.serialized() }
        let stranger = try Model(path: try ConvertedModels.path("beta", .q4)).makeSession()
        let calls: [(tokens: [[UInt32]], sessions: [Session])] = [
            ([[3], [512]], sessions), ([[3]], sessions), ([[3], [4]], [sessions[0], sessions[0]]),
            ([[3], [4]], [sessions[0], stranger]),
        ]
        for call in calls {
            let error = #expect(throws: ModelError.self) { try model.feed(call.tokens, to: call.sessions) }
            #expect(error?.kind == .argument)
            #expect(sessions.map { $0.serialized() } == before)
        }
    }

    @Test(
        "Tokens that the model can't compute leave their session as it was, logits too, and don't hold others up",
        arguments: [1, 40])
    func failures(length: Int) throws {
        let folder = try TemporaryFolder()
        let model = try hugeModel(folder)
        let sessions = try (0..<3).map { number in
            let session = try model.makeSession()
            try session.feed([UInt32(number), 7])
            return session
        }
        let before = sessions.map { $0.serialized() }
        let logits = Array(try #require(sessions[1].logits))
        let prompt = (0..<UInt32(length)).map { $0 % 500 }
        let passes = model.passCounts.passes
        let error = #expect(throws: ModelError.self) { try model.feed([prompt, prompt.dropLast() + [511], prompt], to: sessions) }
        #expect(error?.kind == .content)
        if length == 1 { #expect(model.passCounts.passes == passes + 1, "those who failed are left out at once") }
        #expect(sessions[1].serialized() == before[1])
        #expect(try #require(sessions[1].logits).elementsEqual(logits))
        let alone = try model.makeSession()
        for (number, session) in [(0, sessions[0]), (2, sessions[2])] {
            alone.reset()
            try alone.feed([UInt32(number), 7] + prompt)
            #expect(session.serialized() == alone.serialized())
        }
        try model.feed([[3], [4], [5]], to: sessions)
        #expect(sessions.map(\.position) == [Int64(3 + length), 3, Int64(3 + length)])
    }
}
