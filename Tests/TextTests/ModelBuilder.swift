import Foundation
import TestSupport

@testable import Text

/// A `tokenizer.model` that tests put together: pieces and the few settings that matter.
struct ModelBuilder {
    struct Piece {
        var name: [UInt8]
        /// `ModelProto.SentencePiece.Type`; nil leaves it out.
        var kind: UInt64?
        var score: Float = 0

        init(_ name: [UInt8], _ kind: UInt64?, score: Float = 0) {
            self.name = name
            self.kind = kind
            self.score = score
        }

        init(_ name: String, _ kind: PieceKind, score: Float = 0) {
            self.init(Array(name.utf8), UInt64(kind.rawValue), score: score)
        }
    }

    var pieces: [Piece] = []
    var modelType: UInt64? = 2
    var byteFallback: UInt64? = 1
    var rules: [UInt8] = []
    var addDummyPrefix: UInt64? = 0
    var removeExtraSpaces: UInt64? = 0
    var escapeSpaces: UInt64?
    /// Texts and their expected pieces.
    var selfTests: [(input: String, expected: String)] = []
    /// Bytes put after the last field.
    var trailer: [UInt8] = []

    /// The pieces that every model has, in the order of Gemma's: pad, eos, bos, unk.
    static let special = [
        Piece("<pad>", .control), Piece("<eos>", .control), Piece("<bos>", .control), Piece("<unk>", .unknown),
    ]
    static let bytes = (0..<256).map { Piece("<0x" + String(format: "%02X", $0) + ">", .byte) }

    /// A small model: the special pieces, `pieces`, the bytes.
    static func small(_ pieces: [Piece] = []) -> ModelBuilder {
        ModelBuilder(pieces: special + pieces + bytes)
    }

    /// The vocabulary of the small English model in the order of Gemma's, with all the user-defined pieces that Gemma's has.
    static let gemmaLike: ModelBuilder = {
        var pieces = special + ["<mask>", "<2mass>", "[@BOS@]"].map { Piece($0, .userDefined) }
        pieces += (0...98).map { Piece("<unused\($0)>", .userDefined) }
        pieces += ["<start_of_turn>", "<end_of_turn>"].map { Piece($0, .userDefined) }
        pieces += (1...31).map { Piece(String(repeating: "\n", count: $0), .userDefined) }
        pieces += (2...31).map { Piece(String(repeating: "\u{2581}", count: $0), .userDefined) }
        for elements in [
            ["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"],
            ["h1", "h2", "h3", "h4", "h5", "h6", "blockquote"],
            ["strong", "em", "b", "i", "u", "s", "sub", "sup", "code"],
        ] {
            pieces += elements.map { Piece("<\($0)>", .userDefined) } + elements.map { Piece("</\($0)>", .userDefined) }
        }
        pieces += bytes
        let names = Set(pieces.map(\.name))
        let english = (try? normalPieces(of: TokenizerTests.tinyEnglish)) ?? []
        pieces += english.filter { !names.contains($0.name) }
        return ModelBuilder(pieces: pieces)
    }()

    /// The normal pieces of a model file, with their scores.
    private static func normalPieces(of path: String) throws -> [Piece] {
        let model = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        return try model.withUnsafeBufferPointer { try normalPieces(of: $0) }
    }

    private static func normalPieces(of model: UnsafeBufferPointer<UInt8>) throws -> [Piece] {
        var pieces: [Piece] = []
        var reader = WireReader(model)
        while let field = try reader.next() {
            guard field.number == 1, case .bytes(let range) = field.value else { continue }
            var piece = Piece([], nil)
            var inside = WireReader(model, in: range)
            while let field = try inside.next() {
                switch field.value {
                case .bytes(let range): piece.name = Array(model[range])
                case .fixed32:
                    piece.score = UnsafeRawBufferPointer(model).loadUnaligned(
                        fromByteOffset: field.range.upperBound - 4, as: Float.self)
                case .varint(let kind): piece.kind = kind
                case .fixed64: continue
                }
            }
            if piece.kind ?? 1 == 1 { pieces.append(piece) }
        }
        return pieces
    }

    // MARK: - Writing

    var serialized: [UInt8] {
        var model: [UInt8] = []
        for piece in pieces {
            let bits = withUnsafeBytes(of: piece.score.bitPattern.littleEndian, Array.init)
            model += Self.field(1, Self.field(1, piece.name) + Self.varint(2 << 3 | 5) + bits + Self.field(3, piece.kind))
        }
        model += Self.field(2, Self.field(3, modelType) + Self.field(35, byteFallback) + names)
        model += Self.field(
            3,
            (rules.isEmpty ? [] : Self.field(2, rules)) + Self.field(3, addDummyPrefix) + Self.field(4, removeExtraSpaces)
                + Self.field(5, escapeSpaces))
        let samples = selfTests.flatMap {
            Self.field(1, Self.field(1, Array($0.input.utf8)) + Self.field(2, Array($0.expected.utf8)))
        }
        if !samples.isEmpty { model += Self.field(4, samples) }
        return model + trailer
    }

    private var names: [UInt8] {
        Self.field(45, Array("<unk>".utf8)) + Self.field(46, Array("<bos>".utf8)) + Self.field(47, Array("<eos>".utf8))
            + Self.field(48, Array("<pad>".utf8))
    }

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    /// Nothing for nil.
    static func field(_ number: UInt64, _ value: UInt64?) -> [UInt8] {
        value.map { varint(number << 3) + varint($0) } ?? []
    }
}

extension Tokenizer {
    convenience init(_ builder: ModelBuilder) throws { try self.init(model: builder.serialized) }
}

/// Texts for property tests: words, white space, marks and parts of marks, tags, and characters of all planes.
struct TextSource {
    var random: RandomSource
    static let marks = [
        "<start_of_turn>", "<end_of_turn>", "<mask>", "<2mass>", "[@BOS@]", "<unused0>", "<unused12>", "<unused98>",
    ]
    static let controls = ["<bos>", "<eos>", "<pad>"]
    private static let words = [
        "In the beginning", "the LORD said unto Moses", "user", "model", " ", "  ", "     ", "\n", "\n\n", "\n\n\n\n", "\t",
        "\r\n", "<b>",
        "</b>", "<h1>", "</blockquote>", "<", ">", "<s", "tart_of_turn>", "<end_of", "_turn>", "[@", "BOS@]", "<unused",
        "12>", "<0x0A>",
        "<unk>", "é", "e\u{301}", "🙂", "👨‍👩‍👧", "日本語", "\0", "\u{FEFF}", "\u{FFFD}", "\u{200B}", "123,456", "\u{10FFFF}",
        "\u{2580}", "\u{2582}",
    ]

    init(seed: UInt64) { random = RandomSource(seed: seed) }

    /// A text without U+2581 of up to `count` parts; with marks if they are asked for.
    mutating func text(_ count: Int = 20, with marks: [String] = []) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...count, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: text += Self.words.randomElement(using: &random)!
            case 5..<8 where !marks.isEmpty: text += marks.randomElement(using: &random)!
            default: text.unicodeScalars.append(scalar())
            }
        }
        return text
    }

    /// Any scalar except U+2581; often of the lower planes.
    mutating func scalar() -> Unicode.Scalar {
        let limits: [UInt32] = [0x80, 0x800, 0x3000, 0x1_0000, 0x11_0000]
        let limit = limits.randomElement(using: &random)!
        while true {
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)), scalar != "\u{2581}" {
                return scalar
            }
        }
    }

    /// Any bytes, many of them of UTF-8 characters, whole and cut.
    mutating func bytes(_ count: Int = 24) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...count, using: &random) {
            if Bool.random(using: &random) {
                var character = Array(String(scalar()).utf8)
                if Int.random(in: 0..<3, using: &random) == 0 {
                    character.removeLast(Int.random(in: 0...character.count, using: &random))
                }
                bytes += character
            } else {
                bytes.append(UInt8.random(in: 0...255, using: &random))
            }
        }
        return bytes
    }

    /// The elements cut into parts at random places; some are empty.
    mutating func cut<Element>(_ elements: [Element]) -> [[Element]] {
        var parts: [[Element]] = [[]]
        for element in elements {
            while Int.random(in: 0..<3, using: &random) == 0 { parts.append([]) }
            parts[parts.count - 1].append(element)
        }
        return parts
    }
}
