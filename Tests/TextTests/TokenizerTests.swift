import Foundation
import TestSupport
import Testing

@testable import Text

@Suite struct TokenizerTests {
    static let tinyEnglish = Fixtures.tinyEnglish + "/tokenizer.model"

    static func load(_ path: String = tinyEnglish) throws -> Tokenizer {
        try Tokenizer(model: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test func theSmallEnglishTokenizerNamesItsPieces() throws {
        let tokenizer = try Self.load()
        #expect(tokenizer.vocabularySize == 2048)
        #expect([tokenizer.pad, tokenizer.eos, tokenizer.bos, tokenizer.unknown] == [0, 1, 2, 3])
        #expect([tokenizer.startOfTurn, tokenizer.endOfTurn] == [5, 6])
    }

    @Test func theHeldOutTextHasAsManyTokensAsTheReferenceCounts() throws {
        let tokenizer = try Self.load()
        let text = try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8)
        let tokens = tokenizer.encode(text)
        #expect(tokens.count == 31_267)
        #expect(tokenizer.decode(tokens) == Array(text.utf8))
    }
}
