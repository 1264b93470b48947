import System

/// The tokenizer of a Gemma model: a SentencePiece BPE model with byte fallback, in which a text is taken as it is, without
/// normalization. Gives the ids that Hugging Face's GemmaTokenizer gives, without the `<bos>` that it puts first.
///
/// Some user-defined pieces are text (runs of line breaks or of spaces, HTML tags), others are control marks (`<start_of_turn>`,
/// `<mask>`, `<unused12>`, `[@BOS@]`, `<2mass>`); control pieces (`<bos>`, `<eos>`, `<pad>`) are marks as well. Safe to use from
/// several threads at once. Texts are encoded by an ``Encoder``, which is much larger and made on demand.
public final class Tokenizer: Sendable {
    /// Number of pieces. Tokens are 0 to one less than this.
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

    let pieces: PieceTable
    let marks: MarkMatcher
    /// The token of each byte.
    let byteTokens: [UInt32]
    /// Whether the number of a token says which of two pieces is made first (``TokenizerModel/areRanked``).
    package let areRanked: Bool
    /// Whether long texts may be cut before line breaks (``TokenizerModel/cutsAtLineBreaks``).
    let cutsAtLineBreaks: Bool
    /// Where the bytes of the model come from, for messages.
    let path: String
    /// The bytes of `tokenizer.model`, and what has to change in them, for encoders.
    let model: [UInt8]
    let edits: TokenizerModel.Edits
    /// Bytes of the user-defined pieces.
    let trieBytes: Int
    /// The encoder that is alive, if there is one. Used under the lock.
    private nonisolated(unsafe) weak var latest: Encoder?
    private let lock = Lock()

    /// Bytes that the tokenizer holds in memory, the model that it was made from included: 7.5 MB for Gemma's, of which the model
    /// is 4.2 MB.
    public var byteCount: Int { model.count + pieces.byteCount + byteTokens.count * MemoryLayout<UInt32>.stride }
    /// Bytes that an ``encoder()`` takes at most, to be loaded.
    package var encoderByteCount: Int { Processor.byteCount(pieces: vocabularySize, model: model.count) }

    /// Bytes that encoding a text takes at most, besides the text and its tokens.
    package var encodingByteCount: Int { Processor.bytesPerByte * TextPassages.limit }

    /// Reads the bytes of a `tokenizer.model`. Throws if they are damaged or are the model of another kind of tokenizer. Whether
    /// SentencePiece takes them as well shows in ``encoder()``.
    /// `path` is where they come from, for what is thrown here and by encoders.
    package init(model bytes: [UInt8], path: String = "tokenizer.model") throws(FileProblem) {
        self.path = path
        let model = try FileProblem.amending(path: path, TokenizerModel(bytes))
        pieces = model.pieces
        func require(_ token: UInt32?, _ name: String) throws(FileProblem) -> UInt32 {
            if let token { return token }
            throw FileProblem(
                .content, path: path, problem: "names no \(name) piece", advice: TokenizerAdvice.wrongKind)
        }
        bos = try require(model.bos, "beginning-of-sequence")
        eos = try require(model.eos, "end-of-sequence")
        unknown = try require(model.unknown, "unknown")
        pad = model.pad
        vocabularySize = pieces.count

        marks = MarkMatcher(model.marks)
        startOfTurn = marks.token(of: ControlMark.startOfTurn)
        endOfTurn = marks.token(of: ControlMark.endOfTurn)

        var byteTokens = [UInt32](repeating: unknown, count: 256)
        for (token, kind) in pieces.kinds.enumerated() where kind == .byte {
            if let byte = byteValue(pieces.name(of: UInt32(token))) { byteTokens[Int(byte)] = UInt32(token) }
        }
        self.byteTokens = byteTokens
        cutsAtLineBreaks = model.cutsAtLineBreaks
        areRanked = model.areRanked
        self.model = bytes
        edits = model.edits
        trieBytes = model.textPieces.reduce(0) { $0 + $1.count }
    }

    /// What encodes texts: the encoder that is alive, or else a new one. Throws if SentencePiece refuses the model.
    package func encoder() throws(FileProblem) -> Encoder {
        try lock.withLock { () throws(FileProblem) in
            if let latest { return latest }
            let encoder = try Encoder(self)
            latest = encoder
            return encoder
        }
    }

    /// True for pieces that are made of smaller ones, by BPE.
    package func isMerged(_ token: UInt32) -> Bool { Int(token) < pieces.count && pieces.kinds[Int(token)] == .normal }

    /// True for pieces that are found in a text before all others, and merge with nothing.
    package func isWhole(_ token: UInt32) -> Bool { Int(token) < pieces.count && pieces.kinds[Int(token)] == .userDefined }

    /// True for `<bos>`, `<eos>`, `<start_of_turn>` and the like, which add nothing to a text.
    public func isControl(_ token: UInt32) -> Bool { Int(token) < pieces.count && pieces.kinds[Int(token)] == .control }

    /// The name of a piece as the vocabulary has it, for display: with `▁` for spaces, `<0x41>` for a byte. Empty for a
    /// token outside the vocabulary.
    public func piece(of token: UInt32) -> String {
        guard Int(token) < vocabularySize else { return "" }
        return String(decoding: pieces.name(of: token), as: UTF8.self)
    }

    /// The token with that name, or nil. Looks at every piece.
    public func token(ofPiece name: String) -> UInt32? { pieces.token(named: name.utf8) }
}

/// The byte that a byte piece `<0x41>` stands for.
func byteValue(_ name: ArraySlice<UInt8>) -> UInt8? {
    guard name.count == 6 else { return nil }
    return UInt8(String(decoding: name.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
}
