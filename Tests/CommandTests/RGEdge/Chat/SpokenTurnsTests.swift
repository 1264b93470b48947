import RGEdge
import TestSupport
import Testing
import Text

@testable import rg_edge

/// What a session's tokens say was said.
@Suite struct SpokenTurnsTests {
    private let model: Model

    init() throws { model = try Model(path: ConvertedModel.chat(), options: Model.Options(threads: 1)) }

    private let messages: [Message] = [
        .system("Be brief."), .user("Who was Moses?"), .model("A man.\n\nOf Levi."), .user("And\nAaron?"), .model("His brother."),
    ]

    private func turns(_ tokens: some Sequence<UInt32>, areAll: Bool = true) -> SpokenTurns {
        SpokenTurns(Array(tokens), model.tokenizer, areAll: areAll)
    }

    @Test func aConversationIsReadFromItsTokens() throws {
        let spoken = turns(try model.encode(messages))
        #expect(
            spoken.turns == [
                .init(speaker: .user, text: "Be brief.\n\nWho was Moses?"), .init(speaker: .model, text: "A man.\n\nOf Levi."),
                .init(speaker: .user, text: "And\nAaron?"), .init(speaker: .model, text: "His brother."),
            ])
        #expect(spoken.text == "> Be brief.\n\nWho was Moses?\nA man.\n\nOf Levi.\n> And\nAaron?\nHis brother.")
        #expect(spoken.last(1).text == "> And\nAaron?\nHis brother.")
        #expect(spoken.last(2).turns == spoken.turns && spoken.last(9).turns == spoken.turns)
        let session = try model.makeSession()
        try session.feed(try model.encode(messages))
        #expect(SpokenTurns(session).turns == spoken.turns && SpokenTurns(session).areAll)
    }

    @Test func whatIsCutIsShownAsCut() throws {
        let tokens = try model.encode(messages)
        let spoken = turns(tokens.dropFirst(12), areAll: false)
        #expect(spoken.turns.first?.speaker == .unknown)
        #expect(spoken.text.hasPrefix("… "))
        // An answer that has not begun.
        #expect(turns(try model.encode([.user("Who?")])).turns == [.init(speaker: .user, text: "Who?")])
        #expect(turns(try [2] + model.encode("In the beginning")).turns == [.init(speaker: .unknown, text: "In the beginning")])
        #expect(turns([]).turns.isEmpty)
    }

    @Test func aReminderIsShort() {
        let text = (0..<400).map { "word\($0)" }.joined(separator: " ")
        let short = text.withoutMiddle(limit: 100)
        #expect(short.count < 110)
        #expect(short.hasPrefix("word0 word1 ") && short.hasSuffix(" word399") && short.contains(" […] "))
        #expect("short".withoutMiddle(limit: 100) == "short")
        #expect(String(repeating: "x", count: 200).withoutMiddle(limit: 100).count == 105)
    }
}
