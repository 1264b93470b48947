import Foundation
import System
import TestSupport
import Testing

@testable import Text

/// Models come out of files: damaged ones, and ones made to do harm, must be refused or work, never crash.
@Suite struct DamagedTokenizerTests {
    /// Loads a model and, if that goes well, uses it.
    static func exercise(_ model: [UInt8]) -> FileProblem? {
        do throws(FileProblem) {
            let tokenizer = try Tokenizer(model: model)
            let encoder = try tokenizer.encoder()
            let text = "In the <start_of_turn>\n\n beginning 日本 \0 aaaa"
            for controls in [Tokenizer.Encoder.Controls.asText, .parsed] {
                let tokens = try encoder.encode(text, controls: controls)
                #expect(tokens.allSatisfy { $0 < tokenizer.vocabularySize })
                _ = tokenizer.decode(tokens)
            }
            for token in 0..<UInt32(tokenizer.vocabularySize) { _ = tokenizer.decode([token]) }
            return nil
        } catch {
            return error
        }
    }

    static func smallestModel() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.oracle("beta") + "/tokenizer.model")))
    }

    @Test func aModelCutAtAnyByteIsRefused() throws {
        let model = try Self.smallestModel()
        #expect(Self.exercise(model) == nil)
        for count in model.indices {
            let error = Self.exercise(Array(model[..<count]))
            #expect(error != nil, "cut at \(count)")
        }
    }

    @Test func aModelWithAnyBitFlippedIsRefusedOrWorks() throws {
        let model = try Self.smallestModel()
        var refused = 0
        for index in model.indices {
            var damaged = model
            damaged[index] ^= 1 << UInt8(index % 8)
            if Self.exercise(damaged) != nil { refused += 1 }
        }
        #expect(refused > model.count / 4)
    }

    @Test func randomDamageIsRefusedOrWorks() throws {
        let model = try Self.smallestModel()
        var random = RandomSource(seed: 31)
        for _ in 0..<1000 {
            var damaged = model
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = Self.exercise(damaged)
        }
    }

    @Test(arguments: [
        ("", "is empty"), ("\n", "in the middle of a field"), ("{\"model\": {}}", "is not a SentencePiece model"),
        ("version https://git-lfs.github.com/spec/v1\n", "is not a SentencePiece model"),
    ]) func whatIsNoModelIsRefused(_ bytes: String, _ reason: String) {
        #expect(Self.exercise(Array(bytes.utf8))?.description.contains(reason) == true)
    }

    /// A change that makes a model useless, and what its error says.
    static let faults: [(reason: String, change: @Sendable (inout ModelBuilder) -> Void)] = [
        ("model of type unigram, not BPE", { $0.modelType = nil }),
        ("model of type word, not BPE", { $0.modelType = 3 }),
        ("model of type 77, not BPE", { $0.modelType = 77 }),
        ("has no byte fallback", { $0.byteFallback = nil }),
        ("has 255 pieces for single bytes, not 256", { $0.pieces.removeLast() }),
        ("has 0 pieces for single bytes, not 256", { $0.pieces.removeLast(256) }),
        (
            "is refused by SentencePiece: <0x00> is already defined",
            { $0.pieces[$0.pieces.count - 1].name = Array("<0x00>".utf8) }
        ),
        ("is refused by SentencePiece: byte piece <0x0a> is invalid", { $0.pieces[14].name = Array("<0x0a>".utf8) }),
        ("rewrites texts by 3 bytes of normalization rules", { $0.rules = [1, 2, 3] }),
        ("puts a space before texts", { $0.addDummyPrefix = nil }),
        ("removes spaces from texts", { $0.removeExtraSpaces = 1 }),
        ("doesn't write spaces as U+2581", { $0.escapeSpaces = 0 }),
        ("holds no pieces", { $0.pieces = [] }),
        ("names no beginning-of-sequence piece", { $0.pieces[2].kind = 1 }),
        ("names no end-of-sequence piece", { $0.pieces.remove(at: 1) }),
        ("names no unknown piece", { $0.pieces.remove(at: 3) }),
        ("is refused by SentencePiece: unk is already defined", { $0.pieces.append(.init("<unk2>", .unknown)) }),
        (
            "is refused by SentencePiece: same is already defined",
            { $0.pieces += [.init("same", .normal), .init("same", .normal)] }
        ),
        ("has a piece of 0 bytes at number 260", { $0.pieces.append(.init("", .normal)) }),
        (
            "has a piece of 1025 bytes at number 260",
            { $0.pieces.append(.init(String(repeating: "x", count: 1025), .unused)) }
        ),
        ("has a piece of kind 7, unknown to SentencePiece, at number 260", { $0.pieces.append(.init(Array("x".utf8), 7)) }),
        (
            "has a piece of kind 260, unknown to SentencePiece, at number 260",
            { $0.pieces.append(.init(Array("x".utf8), 260)) }
        ),
        ("has a user-defined piece with a NUL at number 260", { $0.pieces.append(.init("\0x", .userDefined)) }),
        (
            "more than 64 user-defined pieces that start with each other",
            {
                $0.pieces += (1...65).map { .init(String(repeating: "\n", count: $0), .userDefined) }
            }
        ),
        (
            "more than 16384 control and user-defined pieces",
            { $0.pieces += (0...TokenizerModel.specialLimit).map { .init("<unused\($0)>", .userDefined) } }
        ),
        (
            "unknown fields in more than 16384 places",
            {
                for index in 0...TokenizerModel.specialLimit {
                    $0.trailer += ModelBuilder.field(9, 0) + ModelBuilder.field(1, ModelBuilder.field(1, Array("p\(index)".utf8)))
                }
            }
        ),
        ("a field of wire type 3", { $0.trailer = [1 << 3 | 3] }),
        ("a field with number 0", { $0.trailer = [0, 0] }),
        ("a number of more than 10 bytes", { $0.trailer = [0x78] + [UInt8](repeating: 0x80, count: 10) }),
        ("a field of 18446744073709551615 bytes", { $0.trailer = [0x7A] + [UInt8](repeating: 0xFF, count: 9) + [1] }),
    ]

    @Test(arguments: faults.indices) func aModelOfAnotherKindIsRefused(_ index: Int) {
        var builder = ModelBuilder.small()
        #expect(Self.exercise(builder.serialized) == nil)
        Self.faults[index].change(&builder)
        let error = Self.exercise(builder.serialized)
        #expect(error?.description.contains(Self.faults[index].reason) == true, "\(error?.description ?? "no error")")
        #expect(error?.description.hasPrefix("tokenizer.model: ") == true)
        #expect(error?.advice.isEmpty == false)
    }

    @Test func aHundredThousandUnknownFieldsWork() throws {
        var builder = ModelBuilder.small([.init("ab", .normal)])
        builder.trailer = (0..<100_000).flatMap { ModelBuilder.field(9, $0) }
        #expect(Self.exercise(builder.serialized) == nil)
    }

    @Test func asManySpecialPiecesAsAllowedWork() throws {
        // Three of the small model's own are control pieces.
        let marks = (0..<TokenizerModel.specialLimit - 3).map { ModelBuilder.Piece("<unused\($0)>", .userDefined) }
        let tokenizer = try Tokenizer(.small(marks + [.init("ab", .normal)]))
        #expect(tokenizer.vocabularySize == 4 + marks.count + 1 + 256)
    }

    @Test func sixtyFourPiecesThatStartWithEachOtherWork() throws {
        let tokenizer = try Tokenizer(.small((1...64).map { .init(String(repeating: "\n", count: $0), .userDefined) }))
        let encoder = try tokenizer.encoder()
        #expect(try encoder.encode(String(repeating: "\n", count: 130)) == [67, 67, 5])
    }

    @Test func aDeepChainOfUnusedPiecesWorks() throws {
        let chain = (1...TokenizerModel.pieceLimit).map {
            ModelBuilder.Piece(String(repeating: "a", count: $0), .unused, score: Float($0))
        }
        let tokenizer = try Tokenizer(.small(chain))
        let encoder = try tokenizer.encoder()
        let text = String(repeating: "a", count: 5000)
        #expect(try tokenizer.decode(encoder.encode(text)) == Array(text.utf8))
    }

    /// SentencePiece fails to encode such texts: their bytes stand in.
    @Test func aControlPieceThatTextCanFormNeverComesOut() throws {
        let pieces: [ModelBuilder.Piece] = [
            .init("a", .normal), .init("b", .normal), .init("ab", .normal, score: 1), .init("ab", .control),
            .init("c", .control),
        ]
        let tokenizer = try Tokenizer(.small(pieces))
        let encoder = try tokenizer.encoder()
        for text in ["ab", "xaby", "c", "abc"] {
            let tokens = try encoder.encode(text)
            #expect(!tokens.contains(where: tokenizer.isControl))
            #expect(tokenizer.decode(tokens) == Array(text.utf8))
        }
    }

    @Test func selfTestsThatKnowOfMarksAreLeftOut() throws {
        var builder = ModelBuilder.small([.init("<mask>", .userDefined)])
        builder.selfTests = [("<mask>", "<mask>")]
        #expect(Self.exercise(builder.serialized) == nil)
    }

    @Test func settingsThatAreRepeatedCountLast() throws {
        var builder = ModelBuilder.small()
        builder.trailer = ModelBuilder.field(3, ModelBuilder.field(3, 1))
        #expect(Self.exercise(builder.serialized)?.description.contains("puts a space before texts") == true)
    }

    @Test func namesWithControlCharactersDoNotReachTheTerminal() throws {
        let pieces: [ModelBuilder.Piece] = [.init("\u{1B}[31mred", .normal), .init("\u{1B}[31mred", .normal)]
        let error = try #require(Self.exercise(ModelBuilder.small(pieces).serialized))
        #expect(!error.description.utf8.contains(0x1B))
    }
}
