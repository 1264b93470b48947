import Foundation
import TestSupport
import Testing

@testable import Text

@Suite struct ReducedVocabularyTests {
    /// A vocabulary, a part of it, and what encodes texts with both.
    private struct Pair {
        let whole: Tokenizer.Encoder, part: Tokenizer.Encoder
        let reduced: ReducedVocabulary

        init(_ tokenizer: Tokenizer, texts: [String], keeping tokens: [UInt32] = []) throws {
            whole = try tokenizer.encoder()
            var use = PieceUse(of: tokenizer)
            for text in texts { use.add(try whole.encode(text)) }
            reduced = try ReducedVocabulary(of: tokenizer, use: use, keeping: tokens)
            part = try Tokenizer(model: reduced.model).encoder()
            #expect(part.tokenizer.vocabularySize == reduced.kept.count)
        }

        /// The tokens of a text in the part, as tokens of the whole vocabulary.
        func tokens(_ text: String) throws -> [UInt32] { try part.encode(text).map { reduced.kept[Int($0)] } }

        /// Expects of a text the same tokens if all of its pieces are kept, which is returned, and its bytes in any case.
        func check(_ text: String) throws -> Bool {
            let expected = try whole.encode(text)
            let isKept = expected.allSatisfy { reduced.token(of: $0) != nil }
            if isKept { #expect(try tokens(text) == expected, "\(text.debugDescription)") }
            #expect(try part.tokenizer.decode(part.encode(text)) == Array(text.utf8), "\(text.debugDescription)")
            return isKept
        }
    }

    @Test func textsHaveTheSameTokensIfTheirPiecesAreKept() throws {
        let text = try String(contentsOfFile: Fixtures.heldOut, encoding: .utf8)
        let clauses = text.split { ",.;:\n".contains($0) }.map(String.init)
        let seen = clauses.prefix(500).joined(separator: "\n")
        let pair = try Pair(TokenizerTests.load(), texts: [seen])
        #expect(pair.reduced.wholeCount == 2048 && (1000..<1600).contains(pair.reduced.kept.count))
        #expect(try pair.tokens(seen) == pair.whole.encode(seen))
        let same = try clauses.dropFirst(500).count { try pair.check($0) }
        #expect(same > 500 && same < clauses.count - 800, "\(same) of \(clauses.count - 500)")
        for text in ["héllo 🙂\t x", "日本", "Xylophone zebra quiz", "<start_of_turn>\n\n\n<b>"] { _ = try pair.check(text) }
    }

    @Test func withoutTheirPartsPiecesAreNotBuilt() throws {
        let tokenizer = try TokenizerTests.load(), parts = try PieceParts(tokenizer)
        let encoder = try tokenizer.encoder(), text = "And the LORD said unto Moses"
        let used = Set(try encoder.encode(text))
        let all = Set(used.flatMap { parts.parts(of: $0).tokens })
        let special = (0..<UInt32(2048)).filter { tokenizer.pieces.kinds[Int($0)] != .normal }
        func part(_ tokens: Set<UInt32>) throws -> Tokenizer {
            try Tokenizer(model: tokenizer.model(of: tokens.union(special).sorted()))
        }
        #expect(try part(all).encoder().encode(text).count == used.count)
        // Each part is needed, except for characters, with which SentencePiece begins whether they are pieces or not.
        let joints = all.subtracting(used).filter { tokenizer.piece(of: $0).unicodeScalars.count > 1 }
        #expect(joints.count > 3)
        for joint in joints { #expect(try part(all.subtracting([joint])).encoder().encode(text).count > used.count) }
    }

    /// Vocabularies of a few letters, whose pieces are joined in all ways, ties, unused and user-defined pieces among them.
    @Test func anyVocabularyIsReducedSo() throws {
        var random = RandomSource(seed: 7)
        func word(_ most: Int) -> String {
            String((0..<Int.random(in: 1...most, using: &random)).map { _ in "abc é".randomElement(using: &random)! })
        }
        var same = 0, other = 0
        for _ in 0..<60 {
            var names = Set((0..<40).map { _ in word(6).replacing(" ", with: "\u{2581}") })
            names.formUnion(["a", "b", "é"])
            names.remove("\u{2581}")
            var pieces = names.sorted().map { name in
                let kind = [PieceKind.normal, .normal, .normal, .normal, .normal, .unused, .userDefined]
                    .randomElement(using: &random)!
                // A user-defined piece of several letters would be a mark.
                let isMark = kind == .userDefined && name.count > 1
                return ModelBuilder.Piece(name, isMark ? .normal : kind, score: Float(Int.random(in: -9...0, using: &random)))
            }
            // Without it, a space would be spelled in bytes.
            pieces.append(.init("\u{2581}", .normal))
            let tokenizer = try Tokenizer(ModelBuilder.small(pieces))
            let seen = (0..<3).map { _ in word(40) }
            let pair = try Pair(tokenizer, texts: seen)
            for text in seen { #expect(try pair.check(text)) }
            for _ in 0..<40 { if try pair.check(word(20)) { same += 1 } else { other += 1 } }
        }
        #expect(same > 100 && other > 100, "\(same) and \(other)")
    }

    @Test func everythingThatIsNoWordStays() throws {
        let tokenizer = try Tokenizer(.gemmaLike)
        let pair = try Pair(tokenizer, texts: ["In the beginning"], keeping: [2000, .max])
        let part = pair.part.tokenizer
        #expect(tokenizer.pieces.kinds.allSatisfy { $0 != .unused })
        for token in 0..<UInt32(tokenizer.vocabularySize) where tokenizer.pieces.kinds[Int(token)] != .normal {
            let left = try #require(pair.reduced.token(of: token))
            #expect(part.piece(of: left) == tokenizer.piece(of: token) && part.isControl(left) == tokenizer.isControl(token))
        }
        #expect(pair.reduced.token(of: 2000) != nil)
        #expect(pair.reduced.kept == pair.reduced.kept.sorted())
        #expect(part.byteTokens.map { pair.reduced.kept[Int($0)] } == tokenizer.byteTokens)
        var source = TextSource(seed: 3)
        for _ in 0..<500 {
            let text = source.text(with: TextSource.marks + TextSource.controls)
            _ = try pair.check(text)
            let marked = try pair.part.encode(text, controls: .parsed).filter { part.isControl($0) }
            let expected = try pair.whole.encode(text, controls: .parsed).filter { tokenizer.isControl($0) }
            #expect(marked.map { pair.reduced.kept[Int($0)] } == expected)
        }
    }

    /// SentencePiece joins them, which keeps their parts from other joints, and takes them apart in the end.
    @Test func unusedPiecesStayIfTheyComeUp() throws {
        let pieces = [
            ModelBuilder.Piece("a", .normal, score: -9), .init("b", .normal, score: -9), .init("c", .normal, score: -9),
            .init("ab", .unused, score: -1), .init("bc", .normal, score: -2), .init("<unused0>", .unused, score: -9),
        ]
        let pair = try Pair(Tokenizer(ModelBuilder.small(pieces)), texts: ["abc", "bc"])
        #expect(try pair.whole.encode("abc") == [4, 5, 6])
        #expect(try pair.tokens("abc") == [4, 5, 6])
        #expect(pair.reduced.kept.prefix(10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10])
        #expect(try !Pair(Tokenizer(ModelBuilder.small(pieces)), texts: ["bc"]).reduced.kept.contains(7))
    }

    /// Special pieces that stand after others move; a self-test that can't be passed any more would keep SentencePiece from
    /// loading the file.
    @Test func theModelNamesTheNewIds() throws {
        let pieces = ["a", "b", "ab", "c"].map { ModelBuilder.Piece($0, .normal) }
        var builder = ModelBuilder(pieces: pieces + ModelBuilder.bytes + ModelBuilder.special)
        builder.selfTests = [(input: "abc", expected: "ab c")]
        builder.trailer =
            ModelBuilder.field(2, ModelBuilder.field(4, 264) + ModelBuilder.field(41, 262)) + ModelBuilder.field(200, 5)
        let pair = try Pair(Tokenizer(builder), texts: ["ab"])
        #expect(pair.reduced.kept == [0, 1, 2] + Array(4..<264))
        let part = pair.part.tokenizer
        #expect([part.pad, part.eos, part.bos, part.unknown] == [259, 260, 261, 262])
        #expect(pair.reduced.token(of: 3) == nil && pair.reduced.token(of: 264) == nil && pair.reduced.token(of: 263) == 262)
        // As it is, self-tests included: 3 pieces, the special ones, and what the trainer wrote.
        let library = try Processor(pair.reduced.model, pieceCount: 263)
        #expect(library.bos == 261)
        let fields = try self.fields(pair.reduced.model[...])
        #expect(fields.map(\.number) == Array(repeating: 1, count: 263) + [2, 3, 200])
        let trainer = try self.fields(fields[263].content)
        #expect(trainer.map(\.number) == [3, 35, 45, 46, 47, 48, 4, 40, 41, 42, 43])
        #expect(
            trainer.suffix(5).map { $0.content.reversed().reduce(0) { $0 << 7 | Int($1 & 0x7F) } } == [263, 262, 261, 260, 259])
    }

    /// The fields of a message: their numbers, and their bytes without tag and length.
    private func fields(_ message: ArraySlice<UInt8>) throws -> [(number: Int, content: ArraySlice<UInt8>)] {
        let message = Array(message)
        return try message.withUnsafeBufferPointer { bytes in
            var reader = WireReader(bytes), fields: [(number: Int, content: ArraySlice<UInt8>)] = []
            while let field = try reader.next() {
                let tagBytes = field.number < 16 ? 1 : 2
                if case .bytes(let range) = field.value {
                    fields.append((field.number, Array(bytes[range])[...]))
                } else {
                    fields.append((field.number, Array(bytes[field.range.dropFirst(tagBytes)])[...]))
                }
            }
            return fields
        }
    }

    @Test func aPartIsFoundInItsWhole() throws {
        let tokenizer = try TokenizerTests.load()
        let pair = try Pair(tokenizer, texts: ["In the beginning God created the heaven and the earth."])
        #expect(pair.part.tokenizer.tokens(in: tokenizer) == pair.reduced.kept)
        #expect(tokenizer.tokens(in: tokenizer) == Array(0..<2048))
        #expect(tokenizer.tokens(in: pair.part.tokenizer) == nil)
        // It has all of them, in its order.
        #expect(try pair.part.tokenizer.tokens(in: Tokenizer(.gemmaLike)) != nil)
        let other = try TokenizerTests.load(Fixtures.oracle("gamma") + "/tokenizer.model")
        #expect(pair.part.tokenizer.tokens(in: other) == nil)
    }

    @Test func spacesComeBackThoughNoTextHasThem() throws {
        let pair = try Pair(TokenizerTests.load(), texts: ["x"])
        #expect(try !pair.check("y  y\t y"))
        #expect(pair.part.tokenizer.token(ofPiece: "\u{2581}") != nil)
    }

    @Test func aPartCanBeReducedAgain() throws {
        let tokenizer = try TokenizerTests.load(), text = "And God said, Let there be light"
        let first = try Pair(tokenizer, texts: [text, "In the beginning"])
        let second = try Pair(first.part.tokenizer, texts: [text])
        #expect(try second.reduced.kept.map { first.reduced.kept[Int($0)] } == Pair(tokenizer, texts: [text]).reduced.kept)
    }

    @Test func piecesThatWereSeenOnceTellOfThoseToCome() throws {
        let tokenizer = try TokenizerTests.load()
        var use = PieceUse(of: tokenizer)
        #expect(use.unseenShare == 1 && use.tokenCount == 0)
        use.add([7, 7, 8, 9, 2048])
        #expect(use.unseenShare == 0.5 && use.tokenCount == 4)
        #expect(use.contains(9) && !use.contains(10) && !use.contains(2048))
    }
}
