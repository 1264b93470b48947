import Foundation
import TestSupport
import Testing

@testable import Text

@Suite struct TextPassagesTests {
    static func cut(_ text: some Sequence<UInt8>, cutsAtLineBreaks: Bool = true, wanted: Int, limit: Int) -> [[UInt8]] {
        Array(text).withUnsafeBytes { text in
            TextPassages(text, cutsAtLineBreaks: cutsAtLineBreaks, wanted: wanted, limit: limit).map(Array.init)
        }
    }

    @Test func aTextIsCutBeforeALineBreakAfterTheWantedLength() {
        let passages = Self.cut("abcd\nef\n\n\ngh\ni".utf8, wanted: 5, limit: 100)
        #expect(passages == ["abcd\nef", "\n\n\ngh", "\ni"].map { Array($0.utf8) })
    }

    @Test func aTextWithoutLineBreaksIsCutAtTheLimitBetweenCharacters() {
        let passages = Self.cut("日本語日本語".utf8, wanted: 2, limit: 7)
        #expect(passages == ["日本", "語日", "本語"].map { Array($0.utf8) })
        #expect(Self.cut([UInt8](repeating: 0x80, count: 9), wanted: 2, limit: 4).map(\.count) == [4, 4, 1])
    }

    @Test func aLongLineIsCutWhereAWordBegins() {
        #expect(Self.cut("one  two three".utf8, wanted: 2, limit: 12) == ["one  two", " three"].map { Array($0.utf8) })
        #expect(Self.cut("            ".utf8, wanted: 2, limit: 5).map(\.count) == [5, 5, 2])
    }

    @Test func aLongLineHasTheTokensOfItsWords() throws {
        let tokenizer = try TokenizerTests.load()
        let encoder = try tokenizer.encoder()
        let lines = try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8).split(whereSeparator: \.isNewline)
        let line = String(repeating: lines.joined(separator: " "), count: 10)
        #expect(line.utf8.count > TextPassages.limit)
        var whole: [UInt32] = []
        #expect(try Array(line.utf8).withUnsafeBytes { try encoder.processor.encode($0, into: &whole) })
        #expect(try encoder.encode(line) == whole)
    }

    @Test func lineBreaksThatMergeAreNotCutAt() {
        #expect(Self.cut("ab\ncd\nef".utf8, cutsAtLineBreaks: false, wanted: 2, limit: 100).count == 1)
    }

    @Test func piecesPutTogetherAreTheText() {
        var source = TextSource(seed: 21)
        for _ in 0..<2000 {
            let text = source.bytes(60)
            let limit = Int.random(in: 4...40, using: &source.random)
            let wanted = Int.random(in: 1...limit, using: &source.random)
            let passages = Self.cut(text, wanted: wanted, limit: limit)
            #expect(passages.flatMap { $0 } == text)
            #expect(passages.allSatisfy { !$0.isEmpty && $0.count <= max(limit, wanted) })
        }
    }

    @Test func theTokensOfATextAreThoseOfItsPassages() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        let encoder = try tokenizer.encoder()
        #expect(tokenizer.cutsAtLineBreaks)
        var source = TextSource(seed: 22)
        for _ in 0..<1000 {
            let text = source.text(40)
            let passages = Self.cut(text.utf8, wanted: 1, limit: 1 << 20)
            #expect(
                try passages.flatMap { passage in try passage.withUnsafeBytes { try encoder.encode(utf8: $0) } }
                    == encoder.encode(text))
        }
    }

    @Test func aLongTextHasTheTokensThatTheLibraryGivesForAllOfIt() throws {
        let model = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TokenizerTests.tinyEnglish)))
        let tokenizer = try Tokenizer(model: model)
        let encoder = try tokenizer.encoder()
        let library = try Processor(model, pieceCount: tokenizer.vocabularySize)
        let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.heldOut)))
        #expect(text.count > TextPassages.wanted)
        var whole: [UInt32] = []
        #expect(try text.withUnsafeBytes { try library.encode($0, into: &whole) })
        #expect(try text.withUnsafeBytes { try encoder.encode(utf8: $0) } == whole)
    }

    @Test func aVocabularyWhoseLineBreaksMergeIsNotCutAtThem() throws {
        let cases: [([ModelBuilder.Piece], Bool)] = [
            ([], false), ([.init("\n", .normal)], false), ([.init("\n", .userDefined)], true),
            ([.init("\n\n", .userDefined)], false),
            ([.init("\n", .userDefined), .init("\r\n", .userDefined)], false),
            ([.init("\n", .userDefined), .init("\n\t\n", .userDefined)], false),
            ([.init("\n", .userDefined), .init("\n\t", .userDefined)], true),
        ]
        for (pieces, cuts) in cases { #expect(try Tokenizer(.small(pieces)).cutsAtLineBreaks == cuts) }
    }
}
