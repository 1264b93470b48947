/// The tokenizer of a Gemma model: a SentencePiece BPE model with byte fallback, in which a text is taken as it is, without
/// normalization. Gives the ids that Hugging Face's GemmaTokenizer gives, less the `<bos>` that it puts first.
///
/// Of the user-defined pieces some are text (runs of line breaks or of spaces, HTML tags), others control marks
/// (`<start_of_turn>`, `<mask>`, `<unused12>`, `[@BOS@]`, `<2mass>`); control pieces (`<bos>`, `<eos>`, `<pad>`) are marks as well.
/// Safe to use from several threads at once. SentencePiece takes 200 bytes of memory a piece: 52 MB for Gemma's 256,000.
public final class Tokenizer: Sendable {
    /// Number of pieces. Tokens are 0 to one less.
    public let vocabularySize: Int
    /// `<bos>`, which every text starts with.
    public let bos: UInt32
    /// `<eos>`.
    public let eos: UInt32
    /// `<pad>`; nil where the model has none.
    public let pad: UInt32?
    /// `<unk>`. Never the result of encoding: what has no piece is written in bytes.
    public let unknown: UInt32
    /// `<start_of_turn>`; nil where the model has no such mark.
    public let startOfTurn: UInt32?
    /// `<end_of_turn>`; nil where the model has no such mark.
    public let endOfTurn: UInt32?

    let processor: Processor
    /// By token; ``PieceKind/control`` for all marks.
    let kinds: [PieceKind]
    let marks: MarkMatcher
    /// The token of each byte.
    let byteTokens: [UInt32]
    /// Whether long texts may be cut before line breaks (``TokenizerModel/cutsAtLineBreaks``).
    let cutsAtLineBreaks: Bool

    /// Bytes that the tokenizer holds in memory: next to all of them are SentencePiece's, some 200 a piece.
    public var byteCount: Int {
        processor.byteCount + kinds.count * MemoryLayout<PieceKind>.stride + byteTokens.count * MemoryLayout<UInt32>.stride
    }

    /// Loads the bytes of a `tokenizer.model`. Throws if they are damaged or are the model of another kind of tokenizer.
    public init(model bytes: [UInt8]) throws(TokenizerError) {
        let model = try TokenizerModel(bytes)
        processor = try Processor(model.checked)
        kinds = model.kinds
        vocabularySize = processor.pieceCount
        guard vocabularySize == kinds.count else {
            throw TokenizerError("has \(kinds.count) pieces, of which SentencePiece sees \(vocabularySize)")
        }
        func require(_ token: UInt32?, _ name: String) throws(TokenizerError) -> UInt32 {
            guard let token else { throw TokenizerError("names no \(name) piece", advice: TokenizerError.wrongKind) }
            return token
        }
        bos = try require(processor.bos, "beginning-of-sequence")
        eos = try require(processor.eos, "end-of-sequence")
        unknown = try require(processor.unknown, "unknown")
        pad = processor.pad

        marks = MarkMatcher(model.marks)
        startOfTurn = marks.token(of: ControlMark.startOfTurn)
        endOfTurn = marks.token(of: ControlMark.endOfTurn)

        var byteTokens = [UInt32](repeating: unknown, count: 256)
        for token in kinds.indices where kinds[token] == .byte {
            if let byte = processor.withPiece(UInt32(token), byteValue) { byteTokens[Int(byte)] = UInt32(token) }
        }
        self.byteTokens = byteTokens
        cutsAtLineBreaks = model.cutsAtLineBreaks
    }

    /// True for `<bos>`, `<eos>`, `<start_of_turn>` and the like, which add nothing to a text.
    public func isControl(_ token: UInt32) -> Bool { Int(token) < kinds.count && kinds[Int(token)] == .control }

    /// The name of a piece as the vocabulary has it, for display: with `▁` for spaces, `<0x41>` for a byte. Empty for a token outside
    /// the vocabulary.
    public func piece(of token: UInt32) -> String {
        guard Int(token) < vocabularySize else { return "" }
        return processor.withPiece(token) { String(decoding: $0, as: UTF8.self) }
    }

    /// The token with that name, or nil.
    public func token(ofPiece name: String) -> UInt32? { processor.token(name) }
}

/// The byte that a byte piece `<0x41>` stands for.
func byteValue(_ name: UnsafeBufferPointer<UInt8>) -> UInt8? {
    guard name.count == 6 else { return nil }
    return UInt8(String(decoding: name[3..<5], as: UTF8.self), radix: 16)
}
