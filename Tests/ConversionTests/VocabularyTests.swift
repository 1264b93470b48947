import Checkpoint
import Conversion
import Files
import Foundation
import Griffin
import JSON
import ModelFile
import System
import TestSupport
import Testing
import Text
import Tiles

/// Conversions that keep a part of the vocabulary.
@Suite struct VocabularyTests {
    private let folder: TemporaryFolder
    /// Part of the held-out text: enough for half of the vocabulary.
    private let text: String
    private static let embedding = Configuration.embeddingName

    init() throws {
        folder = try TemporaryFolder()
        text = try folder.write(try Data(contentsOf: URL(fileURLWithPath: Fixtures.heldOut)).prefix(20_000), to: "text")
    }

    /// A file with the pieces of `texts`, and what was made.
    private func convert(
        _ source: String = Fixtures.tinyEnglish, _ options: Conversion.Options = Conversion.Options(), texts: [String]? = nil,
        to name: String = "part.rgq"
    ) throws -> (file: ModelFile, conversion: Conversion, kept: [UInt32]) {
        let conversion = try Conversion(source: source, options: options, vocabulary: VocabularyTexts(texts ?? [text]))
        _ = try conversion.write(to: folder.file(name))
        return (try ModelFile(path: folder.file(name)), conversion, try #require(conversion.vocabulary).kept)
    }

    /// Expects of a file that it has what the whole one has, and of the embedding the rows that are kept.
    private func expectRows(_ kept: [UInt32], of whole: ModelFile, in part: ModelFile) throws {
        #expect(part.tensors.map(\.name) == whole.tensors.map(\.name) && part.tensors.map(\.type) == whole.tensors.map(\.type))
        for (before, after) in zip(whole.tensors, part.tensors) where before.name != Self.embedding {
            #expect(before.dimensions == after.dimensions && before.checksum == after.checksum, "\(before.name)")
        }
        let before = try #require(whole.tensor(named: Self.embedding)), after = try #require(part.tensor(named: Self.embedding))
        let width = before.dimensions[1]
        #expect(after.dimensions == [kept.count, width])
        let all = whole.weights(of: before)
        let rows = kept.flatMap { all[Int($0) * width..<(Int($0) + 1) * width] }
        #expect(part.weights(of: after) == rows)
    }

    @Test(arguments: TypePreset.allCases, [false, true]) func weightsThatAreKeptAreTheWholeModels(
        preset: TypePreset, hasStatistics: Bool
    ) throws {
        var options = Conversion.Options()
        if hasStatistics {
            let f16 = try ConvertedModel(Fixtures.tinyEnglish, .type(.f16))
            let words = String(repeating: "In the beginning God created the heaven and the earth. ", count: 20)
            try Calibration(model: f16.file.path, text: words).write(to: folder.file("stats"))
            options.importance = try Importance(path: folder.file("stats"))
        }
        options.types = preset
        let whole = try ConvertedModel(Fixtures.tinyEnglish, options)
        let part = try convert(Fixtures.tinyEnglish, options)
        #expect((800..<1400).contains(part.kept.count))
        try expectRows(part.kept, of: whole.file, in: part.file)
        // By itself the smaller model would get other types within the same bits.
        let ownTypes = preset.types(of: part.conversion.configuration.tensorPlan)
        #expect((ownTypes == part.file.tensors.map(\.type)) == (preset.budget == nil))
    }

    @Test(arguments: ["alpha", "beta", "gamma"]) func everyKindOfCheckpointIsRead(name: String) throws {
        let whole = try ConvertedModel(Fixtures.oracle(name), .type(.q8))
        let part = try convert(Fixtures.oracle(name), .type(.q8))
        try expectRows(part.kept, of: whole.file, in: part.file)
        var bytes: [[UInt8]] = []
        for threads in [1, 7] {
            var options = try Conversion.Options.type(.q8)
            options.threads = threads
            bytes.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: convert(Fixtures.oracle(name), options).file.path))))
        }
        #expect(bytes[0] == bytes[1])
    }

    @Test func onlyWhatIsKeptIsRead() throws {
        let conversion = try Conversion(source: Fixtures.tinyEnglish, vocabulary: VocabularyTexts([text]))
        var last = 0
        _ = try conversion.write(to: folder.file("part.rgq"), progress: { last = $0 })
        let dropped = 2048 - (try #require(conversion.vocabulary).kept.count)
        #expect(last == conversion.sourceBytes)
        #expect(try conversion.sourceBytes == Conversion(source: Fixtures.tinyEnglish).sourceBytes - 2 * 192 * dropped)
    }

    @Test func aHeadBesideTheEmbeddingIsComparedWhereItIsKept() throws {
        var checkpoint = try EditableCheckpoint.small()
        let embedding = try #require(checkpoint[Self.embedding])
        let few = try folder.write(Array("In the beginning God created the heaven".utf8), to: "few")
        func convert(changing row: Int?) throws -> Conversion {
            var head = embedding
            head.name = "lm_head.weight"
            if let row { head.data[row * 128 * 4] ^= 1 }
            checkpoint["lm_head.weight"] = head
            let source = try checkpoint.write()
            let conversion = try Conversion(source: source.path, vocabulary: VocabularyTexts([few]))
            _ = try withExtendedLifetime(source) { try conversion.write(to: folder.file("part.rgq")) }
            return conversion
        }
        let kept = try #require(convert(changing: nil).vocabulary).kept
        let dropped = try #require((0..<512).first { !kept.contains(UInt32($0)) })
        _ = try convert(changing: dropped)
        let error = #expect(throws: FileProblem.self) { try convert(changing: Int(kept[kept.count / 2])) }
        #expect(error?.problem.hasPrefix("tensor lm_head.weight differs from") == true)
    }

    @Test func idsFollowTheirPieces() throws {
        // The special pieces last, so that they move.
        var checkpoint = try EditableCheckpoint(folder: Fixtures.tinyEnglish)
        let tokenizer = try #require(checkpoint.files["tokenizer.model"])
        checkpoint.files["tokenizer.model"] = Self.movingFirstPieces(7, toTheEndOf: tokenizer)
        for (index, name) in ["pad_token_id", "eos_token_id", "bos_token_id"].enumerated() {
            checkpoint.configuration[name] = .integer(Int64(2041 + index))
        }
        let source = try checkpoint.write()
        let part = try convert(source.path)
        let configuration = try Configuration(parsing: part.file.metadata.configuration), count = UInt32(part.kept.count)
        #expect(configuration == part.conversion.configuration && configuration.vocabularySize == part.kept.count)
        #expect([configuration.pad, configuration.eos, configuration.bos] == [count - 7, count - 6, count - 5])
        #expect(configuration.endOfTurn == count - 1)
        let reduced = try Tokenizer(model: part.file.metadata.tokenizer)
        #expect([reduced.pad, reduced.eos, reduced.bos, reduced.endOfTurn] == [count - 7, count - 6, count - 5, count - 1])
        // Exported, and converted again.
        try Export(model: part.file.path, type: .f32).write(to: folder.file("out"))
        let again = try ConvertedModel(folder.file("out"), .type(.f32))
        #expect(try Configuration(parsing: again.file.metadata.configuration) == configuration)
        #expect(again.file.metadata.tokenizer == part.file.metadata.tokenizer)
        for (before, after) in zip(part.file.tensors, again.file.tensors) {
            #expect(part.file.weights(of: before) == again.file.weights(of: after), "\(before.name)")
        }
    }

    /// A tokenizer whose first pieces have become its last ones.
    private static func movingFirstPieces(_ count: Int, toTheEndOf model: [UInt8]) -> [UInt8] {
        var pieces: [ArraySlice<UInt8>] = [], others: [UInt8] = []
        var offset = 0
        while offset < model.count {
            // A tag of one byte, and a length of up to three.
            var length = 0, end = offset + 1
            for shift in stride(from: 0, to: 21, by: 7) {
                length |= Int(model[end] & 0x7F) << shift
                end += 1
                if model[end - 1] < 0x80 { break }
            }
            let field = model[offset..<end + length]
            if model[offset] == 0x0A { pieces.append(field) } else { others += field }
            offset = end + length
        }
        return Array((pieces[count...] + pieces[..<count]).joined()) + others
    }

    @Test func whatTheModelNeedsIsKept() throws {
        let words = try folder.write(Array("xyz".utf8), to: "words")
        var options = Conversion.Options()
        options.chatTemplate = .gemma
        let part = try convert(Fixtures.tinyEnglish, options, texts: [words])
        let whole = try Tokenizer(model: Checkpoint(folder: Fixtures.tinyEnglish).tokenizer)
        let reduced = try Tokenizer(model: part.file.metadata.tokenizer)
        let template = try #require(part.conversion.chatTemplate)
        for turn in [ChatTemplate.PreviousTurn.none, .ended, .cut] {
            let tokens = try template.encode(user: "xyz", after: turn, with: reduced.encoder())
            #expect(try tokens.map { part.kept[Int($0)] } == template.encode(user: "xyz", after: turn, with: whole.encoder()))
        }
        options.chatTemplate = .none
        #expect(try convert(Fixtures.tinyEnglish, options, texts: [words]).kept.count < part.kept.count)
    }

    @Test func theFileSaysWhereItsVocabularyComesFrom() throws {
        let second = try folder.write(Array("And it came to pass".utf8), to: "second")
        let part = try convert(texts: [second, text])
        let provenance = try JSONValue(parsing: #require(part.file.metadata.provenance))["vocabulary"]
        #expect(provenance == ["source_pieces": 2048, "texts": ["second", "text"], "text_count": 2])
        #expect(part.file.tensor(named: Self.embedding)?.dimensions[0] == part.kept.count)
        // Both texts count, in any order.
        #expect(try convert(texts: [text, second]).kept == part.kept)
        #expect(try convert(texts: [text]).kept.count <= part.kept.count)
        let many = try convert(texts: Array(repeating: text, count: 20))
        let texts = try JSONValue(parsing: #require(many.file.metadata.provenance))["vocabulary"]?["texts"]
        #expect(texts?.arrayValue?.count == 16)
        #expect(try ConvertedModel(Fixtures.tinyEnglish).file.metadata.provenance?.contains(UInt8(ascii: "_")) != nil)
    }

    @Test func textsThatAreTooFewAreWarnedAbout() throws {
        let few = try folder.write(Array("In the beginning God created the heaven".utf8), to: "few")
        let warnings = try convert(texts: [few]).conversion.warnings
        let encoder = try Tokenizer(model: Checkpoint(folder: Fixtures.tinyEnglish).tokenizer).encoder()
        let count = try encoder.encode("In the beginning God created the heaven").count
        #expect(warnings.count == 1)
        #expect(
            warnings[0].hasPrefix("--vocabulary: \(count) tokens of text are few: of other texts of the kind at least 1 token in "))
        // Every piece comes twice.
        let enough = try convert(texts: [text, text]).conversion.warnings
        #expect(enough == [])
    }

    @Test func textsThatCanNotBeReadAreErrors() throws {
        func error(_ texts: VocabularyTexts) -> FileProblem? {
            #expect(throws: FileProblem.self) { try Conversion(source: Fixtures.tinyEnglish, vocabulary: texts) }
        }
        let latin = try folder.write([0x41, 0xE9, 0x41], to: "latin"), empty = try folder.write([], to: "empty")
        let missing = folder.file("missing")
        #expect(
            error(VocabularyTexts([text, latin]))?.description
                == "\(latin): is not UTF-8 text; convert it, for example with iconv -t UTF-8")
        #expect(error(VocabularyTexts([text, missing]))?.path == missing)
        #expect(error(VocabularyTexts([folder.path]))?.problem == "is a folder")
        let noWords = error(VocabularyTexts([empty, empty]))
        #expect(noWords?.kind == .option && noWords?.problem == "have no words")
        #expect(error(VocabularyTexts([]))?.kind == .option)
        let stopped = error(
            VocabularyTexts([text], open: { path throws(FileProblem) in try TextFile(path: path, isStopped: { _ in true }) }))
        #expect(stopped?.kind == .cancelled)
        var bytes: [Int] = []
        _ = try Conversion(source: Fixtures.tinyEnglish, vocabulary: VocabularyTexts([text, text], progress: { bytes.append($0) }))
        #expect(bytes.last == 40_000 && bytes == bytes.sorted())
    }

    @Test func aTextIsNotReplaced() throws {
        let conversion = try Conversion(source: Fixtures.tinyEnglish, vocabulary: VocabularyTexts([text]))
        let error = #expect(throws: FileProblem.self) { try conversion.write(to: text) }
        #expect(error?.problem == "is one of the files that are read")
    }

    @Test func comparedAreTheRowsThatAreKept() throws {
        let part = try convert(Fixtures.tinyEnglish, .type(.q4))
        let comparison = try SourceComparison(source: Fixtures.tinyEnglish, file: part.file.path)
        #expect(comparison.pieces.map { [$0.kept, $0.all] } == [part.kept.count, 2048])
        let report = try part.conversion.write(to: folder.file("again.rgq"))
        for (found, reported) in zip(try comparison.run(), report.tensors) {
            #expect(found.figures.largestError == reported.figures.largestError, "\(found.name)")
        }
        let exact = try convert(Fixtures.tinyEnglish, .type(.f32))
        #expect(try SourceComparison(source: Fixtures.tinyEnglish, file: exact.file.path).run().allSatisfy { $0.figures.isExact })
        let whole = try ConvertedModel(Fixtures.tinyEnglish)
        #expect(try SourceComparison(source: Fixtures.tinyEnglish, file: whole.file.path).pieces == nil)
    }

    @Test func aVocabularyThatIsNoPartCanNotBeCompared() throws {
        // The same pieces in another order.
        var checkpoint = try EditableCheckpoint(folder: Fixtures.tinyEnglish)
        let tokenizer = try #require(checkpoint.files["tokenizer.model"])
        checkpoint.files["tokenizer.model"] = Self.movingFirstPieces(7, toTheEndOf: tokenizer)
        let source = try checkpoint.write()
        let part = try convert(source.path)
        let error = #expect(throws: FileProblem.self) {
            try SourceComparison(source: Fixtures.tinyEnglish, file: part.file.path)
        }
        #expect(
            error?.description == """
                \(part.file.path): has \(part.kept.count) pieces in its vocabulary, which are no part of those of \
                \(Fixtures.tinyEnglish)/tokenizer.model; compare a file with the checkpoint that it was made of
                """)
    }
}
