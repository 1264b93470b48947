import Foundation
import TestSupport
import Testing

@testable import Text

@Suite struct TokenizerTests {
    static let tinyEnglish = Fixtures.tinyEnglish + "/tokenizer.model"

    static func load(_ path: String = tinyEnglish) throws -> Tokenizer {
        try Tokenizer(model: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    // MARK: - The vocabulary

    @Test func theSmallEnglishTokenizerNamesItsPieces() throws {
        let tokenizer = try Self.load()
        #expect(tokenizer.vocabularySize == 2048)
        #expect([tokenizer.pad, tokenizer.eos, tokenizer.bos, tokenizer.unknown] == [0, 1, 2, 3])
        #expect([tokenizer.startOfTurn, tokenizer.endOfTurn] == [5, 6])
    }

    @Test(arguments: ["alpha", "beta", "gamma"]) func theOracleTokenizersLoad(_ name: String) throws {
        let tokenizer = try Self.load(Fixtures.oracle(name) + "/tokenizer.model")
        let encoder = try tokenizer.encoder()
        let text = "In the beginning, 日本\n"
        #expect(try tokenizer.decode(encoder.encode(text)) == Array(text.utf8))
    }

    @Test func gemmasNumbersAreTheKnownOnes() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        #expect([tokenizer.pad, tokenizer.eos, tokenizer.bos, tokenizer.unknown] == [0, 1, 2, 3])
        #expect([tokenizer.startOfTurn, tokenizer.endOfTurn] == [106, 107])
        #expect(tokenizer.token(ofPiece: "\n") == 108)
        #expect(tokenizer.token(ofPiece: "<b>") == 201)
        #expect(tokenizer.token(ofPiece: "<0x00>") == 217)
    }

    @Test func everyPieceIsFoundByItsName() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        for token in 0..<UInt32(tokenizer.vocabularySize) {
            #expect(tokenizer.token(ofPiece: tokenizer.piece(of: token)) == token)
        }
    }

    @Test func namesThatAreNoPieceHaveNoToken() throws {
        let tokenizer = try Self.load()
        for name in ["", "<start_of_tur", "<unused0>", "no such piece", "\u{0}"] {
            #expect(tokenizer.token(ofPiece: name) == nil)
        }
        #expect(tokenizer.token(ofPiece: "<unk>") == 3)
    }

    @Test func tokensOutsideTheVocabularyAreHarmless() throws {
        let tokenizer = try Self.load()
        for token: UInt32 in [2048, 256_000, .max] {
            #expect(tokenizer.piece(of: token) == "")
            #expect(tokenizer.decode([token]) == [])
            #expect(!tokenizer.isControl(token))
        }
    }

    // MARK: - Encoding

    /// Ids from the Python package sentencepiece 0.2.3.
    @Test(
        arguments: [
            ("In the beginning", [1162, 267, 1790, 1232]),
            ("  two  spaces ", [1976, 708, 1976, 428, 1277, 1976]),
            (
                "And the LORD said unto Moses,\n\nGo, get thee down.\n",
                [304, 267, 349, 396, 328, 702, 1991, 8, 2011, 1981, 1991, 314, 369, 404, 600, 1999, 7]
            ),
            ("héllo 🙂\t x", [1979, 204, 178, 284, 1981, 1976, 249, 168, 162, 139, 18, 1976, 2026]),
            ("1611 日本", [2029, 2040, 2029, 2029, 1976, 239, 160, 174, 239, 165, 181]),
        ] as [(String, [UInt32])]) func idsAreThoseOfThePythonPackage(_ text: String, _ ids: [UInt32]) throws
    {
        #expect(try Self.load().encoder().encode(text) == ids)
    }

    @Test func theHeldOutTextHasAsManyTokensAsTheReferenceCounts() throws {
        let tokenizer = try Self.load()
        let encoder = try tokenizer.encoder()
        let text = try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8)
        let tokens = try encoder.encode(text)
        #expect(tokens.count == 31_267)
        #expect(tokenizer.decode(tokens) == Array(text.utf8))
    }

    @Test func textsWithoutMarksHaveTheIdsOfSentencePiece() throws {
        let model = ModelBuilder.gemmaLike.serialized
        let tokenizer = try Tokenizer(model: model)
        let encoder = try tokenizer.encoder()
        let library = try Processor(model, pieceCount: tokenizer.vocabularySize)
        var source = TextSource(seed: 1)
        for _ in 0..<2000 {
            let text = source.text()
            // Parts of marks may have met.
            if TextSource.marks.contains(where: text.contains) { continue }
            var expected: [UInt32] = []
            #expect(try Array(text.utf8).withUnsafeBytes { try library.encode($0, into: &expected) })
            #expect(try encoder.encode(text) == expected, "\(text.debugDescription)")
        }
    }

    @Test func decodingGivesEveryTextBack() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        let encoder = try tokenizer.encoder()
        var source = TextSource(seed: 2)
        for _ in 0..<2000 {
            let text = source.text(with: TextSource.marks + TextSource.controls)
            #expect(try tokenizer.decode(encoder.encode(text)) == Array(text.utf8), "\(text.debugDescription)")
        }
    }

    @Test(arguments: ["", " ", "   a", "a   ", "\n", "\n\n\na\n", "\0", "a\0b\0", "\t\r\n", "\u{FEFF}x"])
    func whiteSpaceAndNULComeBack(_ text: String) throws {
        for tokenizer in [try Self.load(), try Tokenizer(.gemmaLike)] {
            let encoder = try tokenizer.encoder()
            #expect(try tokenizer.decode(encoder.encode(text)) == Array(text.utf8))
        }
    }

    @Test func theSignThatStandsForASpaceComesBackAsASpace() throws {
        let tokenizer = try Self.load()
        let encoder = try tokenizer.encoder()
        #expect(try encoder.encode("a\u{2581}b") == encoder.encode("a b"))
        #expect(try tokenizer.decode(encoder.encode("a\u{2581}b")) == Array("a b".utf8))
    }

    @Test func aByteThatIsNotUTF8BecomesAReplacementCharacter() throws {
        let tokenizer = try Self.load()
        let encoder = try tokenizer.encoder()
        for (bytes, text) in [
            ([0xFF], "\u{FFFD}"), ([0x61, 0x80, 0x62], "a\u{FFFD}b"), ([0xE6, 0x97], "\u{FFFD}\u{FFFD}"),
            ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xE6, 0x97, 0xA5], "日"),
        ] as [([UInt8], String)] {
            #expect(try bytes.withUnsafeBytes { try encoder.encode(utf8: $0) } == encoder.encode(text))
        }
    }

    @Test func anyBytesAreEncoded() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        let encoder = try tokenizer.encoder()
        var source = TextSource(seed: 3)
        for _ in 0..<2000 {
            let bytes = source.bytes()
            let tokens = try bytes.withUnsafeBytes { try encoder.encode(utf8: $0, controls: .parsed) }
            #expect(String(validating: tokenizer.decode(tokens), as: UTF8.self) != nil)
        }
    }

    @Test func anEncoderLivesAsLongAsSomebodyKeepsIt() throws {
        let tokenizer = try Self.load()
        let kept = try tokenizer.encoder()
        #expect(try tokenizer.encoder() === kept)
        weak let gone = try Tokenizer(.gemmaLike).encoder()
        #expect(gone == nil)
    }

    @Test func severalThreadsMayEncodeAndDecodeAtOnce() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        let encoder = try tokenizer.encoder()
        var source = TextSource(seed: 4)
        let texts = (0..<64).map { _ in source.text(with: TextSource.marks) }
        let expected = try texts.map { try encoder.encode($0, controls: .parsed) }
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for (text, tokens) in zip(texts, expected) {
                #expect((try? encoder.encode(text, controls: .parsed)) == tokens)
                #expect((try? encoder.encode(text)).map(tokenizer.decode) == Array(text.utf8))
            }
        }
    }

    // MARK: - What a token adds to a text

    @Test func aTokenAddsItsTextOrItsByteOrNothing() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        #expect(tokenizer.decode([217 + 0xE6]) == [0xE6])
        #expect(tokenizer.decode([110]) == Array("\n\n\n".utf8))
        #expect(tokenizer.decode([139]) == Array("  ".utf8))
        #expect(tokenizer.decode([201]) == Array("<b>".utf8))
        let the = try #require(tokenizer.token(ofPiece: "▁the"))
        #expect(tokenizer.decode([the]) == Array(" the".utf8))
        for token: UInt32 in [0, 1, 2, 3, 4, 5, 6, 7, 105, 106, 107] { #expect(tokenizer.decode([token]) == []) }
    }

    @Test func bytesOfTokensPutTogetherAreTheirText() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        var random = RandomSource(seed: 5)
        for _ in 0..<200 {
            let tokens = (0..<20).map { _ in UInt32.random(in: 0..<UInt32(tokenizer.vocabularySize), using: &random) }
            var text: [UInt8] = []
            for token in tokens { tokenizer.append(bytesOf: token, to: &text) }
            #expect(text == tokenizer.decode(tokens))
            #expect(text == tokens.flatMap { tokenizer.decode([$0]) })
        }
    }

    @Test func piecesOfAnUnusedKindAreShownAsTheyAre() throws {
        let tokenizer = try Tokenizer(.small([.init("<spare>", .unused)]))
        #expect(tokenizer.decode([4]) == Array("<spare>".utf8))
    }
}
