import System

/// A `tokenizer.model`, which is a `ModelProto` of sentencepiece_model.proto, checked before SentencePiece sees it.
///
/// SentencePiece trusts its models: a damaged table of normalization rules makes it read outside of that table, and sixty-five
/// user-defined pieces that start with each other make it leave its stack. And it takes control marks from any text. So what it is
/// given is a copy in which control marks are control pieces, which it never matches: they can't come out of a text (``Edits``).
struct TokenizerModel {
    /// How to make of the model what SentencePiece is given.
    private(set) var edits = Edits()
    private(set) var pieces = PieceTable()
    /// `<bos>`, `<eos>`, `<unk>` and `<pad>`, as far as the model has them.
    private(set) var bos: UInt32?, eos: UInt32?, unknown: UInt32?, pad: UInt32?
    /// The marks of the model, by name and id: its control pieces and those user-defined ones that are not text.
    private(set) var marks: [(name: [UInt8], token: UInt32)] = []
    /// True if a text may be cut before a line break that follows another character: line breaks are then user-defined pieces,
    /// which merge with nothing.
    private(set) var cutsAtLineBreaks = false

    /// True if pieces that come earlier have larger scores, as in models that SentencePiece trained: then the number of a token says
    /// which of two pieces BPE makes first.
    private(set) var areRanked = true
    private var lastScore = Float.infinity

    /// The most bytes of a piece; SentencePiece may recurse as deep as a piece is long. Gemma's runs of 31 spaces have 93.
    static let pieceLimit = 1024
    /// The most bytes of a serialized message.
    static let largestModel = Int(Int32.max)
    /// How many user-defined pieces may start with each other; SentencePiece has room for 64 (PrefixMatcher::PrefixMatch).
    static let nestingLimit = 64

    /// The most control and user-defined pieces, and the most places with fields that are left out: each takes memory of its own.
    /// Gemma 1 has some 250 of the pieces, Gemma 3 some 6,500, and each has only one or two such fields.
    static let specialLimit = 1 << 14

    /// Names of user-defined pieces that are text.
    private(set) var textPieces: [[UInt8]] = []
    private var bytePieces = 0

    /// Reads a model. Throws if it is damaged, or not one of Gemma's kind: BPE with byte fallback, text taken as it is.
    init(_ model: [UInt8]) throws(FileProblem) {
        guard !model.isEmpty else { throw FileProblem.tokenizer("is empty") }
        guard model.count <= Self.largestModel else {
            throw FileProblem.tokenizer("has \(model.count) bytes, more than SentencePiece reads (\(Self.largestModel))")
        }
        var trainer = TrainerSpec()
        var normalizer = NormalizerSpec()
        try model.withUnsafeBufferPointer { model throws(FileProblem) in
            var reader = WireReader(model)
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (1, .bytes(let range)): try addPiece(WireReader(model, in: range))
                case (2, .bytes(let range)): try trainer.merge(WireReader(model, in: range))
                case (3, .bytes(let range)): try normalizer.merge(WireReader(model, in: range))
                // Self-tests, which need marks to be found in texts, de-normalization, which Gemma's decoding doesn't have, and
                // extensions.
                default: try edits.drop(field.range)
                }
            }
        }
        try trainer.check()
        try normalizer.check()
        try checkPieces()
        pieces.trim()
        bos = pieces.token(named: trainer.bos, kind: .control)
        eos = pieces.token(named: trainer.eos, kind: .control)
        pad = pieces.token(named: trainer.pad, kind: .control)
        unknown = pieces.token(named: trainer.unknown, kind: .unknown)
        let lineBreak = UInt8(ascii: "\n")
        cutsAtLineBreaks =
            textPieces.contains { $0.elementsEqual([lineBreak]) }
            && textPieces.allSatisfy { piece in !piece.drop { $0 == lineBreak }.contains(lineBreak) }
    }

    /// Adds one `ModelProto.SentencePiece`.
    private mutating func addPiece(_ message: WireReader) throws(FileProblem) {
        var place: Range<Int>?
        var kind = PieceKind.normal
        var kindOffset: Int?
        var score: Float = 0
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): place = range
            case (2, .fixed32): score = Float(bitPattern: message.littleEndian(endingAt: field.range.upperBound))
            case (3, .varint(let value)):
                // One byte for the tag, one for the value, which may be replaced.
                guard let known = UInt8(exactly: value).flatMap(PieceKind.init), field.range.count == 2 else {
                    throw FileProblem.tokenizer("has a piece of kind \(value), unknown to SentencePiece, at number \(pieces.count)")
                }
                kind = known
                kindOffset = field.range.upperBound - 1
            default: continue
            }
        }
        guard let place, !place.isEmpty, place.count <= Self.pieceLimit else {
            let count = place?.count ?? 0
            throw FileProblem.tokenizer("has a piece of \(count) bytes at number \(pieces.count), not of 1 to \(Self.pieceLimit)")
        }
        let name = message.bytes[place]
        let isSpecial = kind == .userDefined || kind == .control
        guard !isSpecial || marks.count + textPieces.count < Self.specialLimit else {
            throw FileProblem.tokenizer("has more than \(Self.specialLimit) control and user-defined pieces")
        }
        switch kind {
        case .userDefined where name.contains(0):
            throw FileProblem.tokenizer("has a user-defined piece with a NUL at number \(pieces.count)")
        case .userDefined where !ControlMark.isMark(name): textPieces.append(Array(name))
        case .userDefined, .control:
            marks.append((Array(name), UInt32(pieces.count)))
            kind = .control
            if let kindOffset { edits.controls.append(kindOffset) }
        case .byte: bytePieces += 1
        case .normal:
            if !(score < lastScore) { areRanked = false }
            lastScore = score
        case .unknown, .unused: break
        }
        pieces.append(name, kind)
    }

    private func checkPieces() throws(FileProblem) {
        guard pieces.count > 0 else { throw FileProblem.tokenizer("is not a SentencePiece model, or holds no pieces") }
        guard bytePieces == 256 else {
            throw FileProblem.tokenizer("has \(bytePieces) pieces for single bytes, not 256", advice: TokenizerAdvice.wrongKind)
        }
        // In sorted order, a piece follows those that it starts with.
        var opened: [[UInt8]] = []
        for piece in textPieces.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            while let last = opened.last, !piece.starts(with: last) { opened.removeLast() }
            opened.append(piece)
            guard opened.count <= Self.nestingLimit else {
                throw FileProblem.tokenizer("has more than \(Self.nestingLimit) user-defined pieces that start with each other")
            }
        }
    }
}

extension TokenizerModel {
    /// What differs between a model and the copy that SentencePiece is given.
    struct Edits {
        /// Where the kinds of marks stand, one byte each.
        fileprivate(set) var controls: [Int] = []
        /// Fields that are left out, in order.
        fileprivate(set) var dropped: [Range<Int>] = []

        /// Leaves out a field that comes after those before.
        fileprivate mutating func drop(_ range: Range<Int>) throws(FileProblem) {
            if let last = dropped.last, last.upperBound == range.lowerBound {
                dropped[dropped.count - 1] = last.lowerBound..<range.upperBound
                return
            }
            guard dropped.count < TokenizerModel.specialLimit else {
                throw FileProblem.tokenizer("has unknown fields in more than \(TokenizerModel.specialLimit) places")
            }
            dropped.append(range)
        }

        /// The copy of the model that these edits were made for.
        func applied(to model: [UInt8]) -> [UInt8] {
            var edited = model
            for offset in controls { edited[offset] = PieceKind.control.rawValue }
            guard !dropped.isEmpty else { return edited }
            var copy: [UInt8] = []
            copy.reserveCapacity(model.count)
            var kept = 0
            for range in dropped {
                copy += edited[kept..<range.lowerBound]
                kept = range.upperBound
            }
            copy += edited[kept...]
            return copy
        }
    }
}
