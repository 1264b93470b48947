import Foundation
import ModelTestSupport
import TestSupport
import Testing

@testable import RGEdge

@Suite("Sessions that are fed together")
struct TogetherTests {
    private func room(_ sessions: Int, _ model: Model) -> UnsafeMutablePointer<Float> {
        .allocate(capacity: sessions * model.configuration.vocabularySize)
    }

    @Test("Each is what it would be alone, in memory and in its next logits, and can be saved")
    func together() throws {
        let model = try Model(path: try ConvertedModels.path("alpha", .q4), options: Model.Options(threads: 2))
        let room = room(3, model)
        defer { room.deallocate() }
        let sessions = try [0, 5, 300].map { count in
            let session = try model.makeSession()
            try session.feed((0..<UInt32(count)).map { $0 * 31 % 500 })
            return session
        }
        let alone = try sessions.map { try $0.fork() }
        for step in 0..<20 as Range<UInt32> {
            let tokens = [step, 2 * step + 1, 500 - step]
            try model.feed(tokens, toEach: sessions, room: room)
            for (index, session) in alone.enumerated() { try session.feed([tokens[index]]) }
        }
        for (session, other) in zip(sessions, alone) {
            #expect(try #require(session.logits).elementsEqual(try #require(other.logits)))
            #expect(session.serialized() == other.serialized())
        }
    }

    @Test("A token that the model can't compute leaves all sessions as they were, and so does a call that makes no sense")
    func failures() throws {
        let folder = try TemporaryFolder()
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try ConvertedModels.path("alpha", .f32))))
        // The embedding of token 511 gets a number whose square f32 can't hold.
        bytes.replaceSubrange((bytes.count - 4)..., with: withUnsafeBytes(of: Float(1e20).bitPattern.littleEndian, Array.init))
        let model = try Model(path: try folder.write(bytes, to: "huge.rgq"), options: Model.Options(threads: 1))
        let room = room(2, model)
        defer { room.deallocate() }
        let sessions = try (0..<2).map { number in
            let session = try model.makeSession()
            try session.feed([UInt32(number), 7])
            return session
        }
        let before = sessions.map { $0.serialized() }
        let stranger = try Model(path: try ConvertedModels.path("beta", .q4)).makeSession()
        let calls: [(tokens: [UInt32], sessions: [Session], kind: ModelError.Kind)] = [
            ([3, 511], sessions, .content), ([3, 512], sessions, .argument), ([3], sessions, .argument),
            ([3, 4], [sessions[0], sessions[0]], .argument), ([3, 4], [sessions[0], stranger], .argument),
            (Array(repeating: 3, count: 33), Array(repeating: sessions[0], count: 33), .argument),
        ]
        for call in calls {
            let error = #expect(throws: ModelError.self) { try model.feed(call.tokens, toEach: call.sessions, room: room) }
            #expect(error?.kind == call.kind)
            #expect(sessions.map { $0.serialized() } == before)
        }
        try model.feed([3, 4], toEach: sessions, room: room)
        #expect(sessions.map(\.position) == [3, 3])
    }
}
