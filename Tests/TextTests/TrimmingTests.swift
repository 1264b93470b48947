import Foundation
import TestSupport
import Testing

@testable import Text

/// White space at the ends of a user's words goes as Jinja's `trim` takes it.
@Suite struct TrimmingTests {
    private let reference: ReferenceChat

    init() throws { reference = try ReferenceChat.load() }

    @Test func whiteSpaceIsWhatItIsToPython() throws {
        for code in 0...0x10FFFF as ClosedRange<UInt32> {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let isSpace = reference.spaces.contains(code)
            #expect(String(scalar).trimmed == (isSpace ? "" : String(scalar)), "U+\(String(code, radix: 16))")
        }
        #expect(reference.spaces.count == 29)
    }

    @Test func whiteSpaceWithinStays() {
        #expect("\u{1C} \n a \t\u{1F}b\u{85}\r\n".trimmed == "a \t\u{1F}b")
        #expect(" \r\n\u{3000}".trimmed == "")
        #expect("".trimmed == "")
    }

    @Test func aMarkThatFollowsWhiteSpaceStays() {
        for mark in ["\u{301}", "\u{200D}", "\u{FE0F}"] {
            #expect(" \(mark)a \(mark) ".trimmed.unicodeScalars.elementsEqual("\(mark)a \(mark)".unicodeScalars))
        }
    }

    @Test func turnsHaveTheTokensOfTransformers() throws {
        let model = try Data(contentsOf: URL(fileURLWithPath: Fixtures.tinyEnglish + "/tokenizer.model"))
        let tokenizer = try Tokenizer(model: [UInt8](model))
        let encoder = try tokenizer.encoder()
        let turns = reference.conversations.filter { $0.messages.count == 1 }
        #expect(turns.count > 100)
        for turn in turns {
            let tokens = [tokenizer.bos] + (try ChatTemplate.gemma.encode(user: turn.messages[0].trimmed, with: encoder))
            #expect(tokens == turn.tokens, "\(turn.messages[0].debugDescription)")
        }
    }
}
