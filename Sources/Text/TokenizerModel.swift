/// A `tokenizer.model`, which is a `ModelProto` of sentencepiece_model.proto, checked before SentencePiece sees it.
///
/// SentencePiece trusts its models: a damaged table of normalization rules makes it read outside of that table, sixty-five
/// user-defined pieces that start with each other outside of its stack. And it takes control marks from any text. So what it is
/// given is a copy in which control marks are control pieces, which it never matches: they can't come out of a text.
struct TokenizerModel {
    /// What is handed to SentencePiece.
    private(set) var checked: [UInt8] = []
    /// By id.
    private(set) var kinds: [PieceKind] = []
    /// The marks of the model, by name and id: its control pieces and those user-defined ones that are no text.
    private(set) var marks: [(name: [UInt8], token: UInt32)] = []
    /// True if a text may be cut before a line break that follows another character: line breaks are then user-defined pieces,
    /// which merge with nothing.
    private(set) var cutsAtLineBreaks = false

    /// The most bytes of a piece; SentencePiece recurses a piece's length deep. In Gemma's vocabulary the longest has 93.
    static let pieceLimit = 256
    /// How many user-defined pieces may start with each other; SentencePiece has room for 64 (PrefixMatcher::PrefixMatch).
    static let nestingLimit = 64

    /// Names of user-defined pieces that are text.
    private var textPieces: [ArraySlice<UInt8>] = []
    private var bytePieces = 0

    /// Reads a model. Throws if it is damaged, or not one of Gemma's kind: BPE with byte fallback, text taken as it is.
    init(_ model: [UInt8]) throws(TokenizerError) {
        guard !model.isEmpty else { throw TokenizerError("is empty") }
        checked.reserveCapacity(model.count)
        var trainer = TrainerSpec()
        var normalizer = NormalizerSpec()
        var reader = WireReader(model)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): try addPiece(model, field: field.range, message: range)
            case (2, .bytes(let range)):
                try trainer.merge(WireReader(model, in: range))
                checked += model[field.range]
            case (3, .bytes(let range)):
                try normalizer.merge(WireReader(model, in: range))
                checked += model[field.range]
            // Self-tests, which need marks to be found in texts, de-normalization, which Gemma's decoding has not, and extensions.
            default: continue
            }
        }
        try trainer.check()
        try normalizer.check()
        try checkPieces()
        let lineBreak = UInt8(ascii: "\n")
        cutsAtLineBreaks =
            textPieces.contains { $0.elementsEqual([lineBreak]) }
            && textPieces.allSatisfy { piece in !piece.drop { $0 == lineBreak }.contains(lineBreak) }
    }

    /// Adds one `ModelProto.SentencePiece`.
    private mutating func addPiece(_ model: [UInt8], field: Range<Int>, message: Range<Int>) throws(TokenizerError) {
        var name: Range<Int>?
        var kind = PieceKind.normal
        var kindOffset: Int?
        var reader = WireReader(model, in: message)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): name = range
            case (3, .varint(let value)):
                // One byte for the tag, one for the value, which may be replaced.
                guard let known = UInt8(exactly: value).flatMap(PieceKind.init), field.range.count == 2 else {
                    throw TokenizerError("has a piece of kind \(value) at number \(kinds.count), which SentencePiece doesn't know")
                }
                kind = known
                kindOffset = field.range.upperBound - 1
            default: continue
            }
        }
        guard let name, !name.isEmpty, name.count <= Self.pieceLimit else {
            throw TokenizerError("has a piece of \(name?.count ?? 0) bytes at number \(kinds.count), not of 1 to \(Self.pieceLimit)")
        }
        let token = UInt32(kinds.count)
        kinds.append(kind)
        let start = checked.count
        checked += model[field]
        switch kind {
        case .control: marks.append((Array(model[name]), token))
        case .userDefined:
            guard !model[name].contains(0) else { throw TokenizerError("has a user-defined piece with a NUL at number \(token)") }
            guard ControlMark.isMark(model[name]) else {
                textPieces.append(model[name])
                return
            }
            marks.append((Array(model[name]), token))
            if let kindOffset { checked[start + kindOffset - field.lowerBound] = PieceKind.control.rawValue }
        case .byte: bytePieces += 1
        case .normal, .unknown, .unused: break
        }
    }

    private func checkPieces() throws(TokenizerError) {
        guard !kinds.isEmpty else { throw TokenizerError("is no SentencePiece model, or holds no pieces") }
        guard bytePieces == 256 else {
            throw TokenizerError("has \(bytePieces) pieces for single bytes, not 256", advice: TokenizerError.wrongKind)
        }
        // In order, a piece follows those that it starts with.
        var opened: [ArraySlice<UInt8>] = []
        for piece in textPieces.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            while let last = opened.last, !piece.starts(with: last) { opened.removeLast() }
            opened.append(piece)
            guard opened.count <= Self.nestingLimit else {
                throw TokenizerError("has more than \(Self.nestingLimit) user-defined pieces that start with each other")
            }
        }
    }
}

/// What matters here of `TrainerSpec`; a field that is absent has the default of sentencepiece_model.proto.
private struct TrainerSpec {
    private var modelType: UInt64 = 1
    private var byteFallback = false

    mutating func merge(_ message: WireReader) throws(TokenizerError) {
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (3, .varint(let value)): modelType = value
            case (35, .varint(let value)): byteFallback = value != 0
            default: continue
            }
        }
    }

    func check() throws(TokenizerError) {
        let bpe: UInt64 = 2
        guard modelType == bpe else {
            let names: [UInt64: String] = [1: "unigram", 3: "word", 4: "char"]
            throw TokenizerError(
                "is a model of type \(names[modelType] ?? String(modelType)), not BPE", advice: TokenizerError.wrongKind)
        }
        guard byteFallback else { throw TokenizerError("has no byte fallback", advice: TokenizerError.wrongKind) }
    }
}

/// What matters here of `NormalizerSpec`; a field that is absent has the default of sentencepiece_model.proto.
private struct NormalizerSpec {
    private var rules = 0
    private var addsDummyPrefix = true
    private var removesSpaces = true
    private var escapesSpaces = true

    mutating func merge(_ message: WireReader) throws(TokenizerError) {
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (2, .bytes(let range)): rules = range.count
            case (3, .varint(let value)): addsDummyPrefix = value != 0
            case (4, .varint(let value)): removesSpaces = value != 0
            case (5, .varint(let value)): escapesSpaces = value != 0
            default: continue
            }
        }
    }

    func check() throws(TokenizerError) {
        func require(_ condition: Bool, _ problem: String) throws(TokenizerError) {
            guard condition else { throw TokenizerError(problem, advice: TokenizerError.wrongKind) }
        }
        try require(rules == 0, "rewrites texts by \(rules) bytes of normalization rules")
        try require(!addsDummyPrefix, "puts a space before texts")
        try require(!removesSpaces, "removes spaces from texts")
        try require(escapesSpaces, "doesn't write spaces as U+2581")
    }
}
