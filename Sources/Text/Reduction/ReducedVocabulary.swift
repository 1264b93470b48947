import System

/// A vocabulary with fewer pieces, in the order of the whole one: those that texts use and those that they are built of, and all
/// that are no words: control pieces and marks, `<unk>`, bytes, user-defined pieces, and the space. (Spelled in bytes, a space
/// would come back as the `▁` that SentencePiece makes of it.)
///
/// A text gets the pieces that the whole vocabulary gives it if all of these are kept. For they are built of kept pieces in the
/// same steps: at each the best of all joints that are possible is among those that are left. (Unused pieces come up on the way as
/// well, and are taken apart in the end; so those are kept that can be built of what is kept.) What has no piece any more is
/// spelled by smaller ones and by bytes.
public struct ReducedVocabulary: Sendable {
    /// The pieces that are left, as tokens of the whole vocabulary, ascending: token i is the piece of the whole one's token
    /// `kept[i]`.
    public let kept: [UInt32]
    /// Pieces of the whole vocabulary.
    public let wholeCount: Int
    /// The bytes of its `tokenizer.model`.
    public let model: [UInt8]

    /// Of a tokenizer, what `use` says that texts use, and `tokens`, which stay whatever texts use; those that are not in the
    /// vocabulary are left out. Throws if SentencePiece gets no memory, or refuses the tokenizer.
    public init(of tokenizer: Tokenizer, use: PieceUse, keeping tokens: some Sequence<UInt32>) throws(FileProblem) {
        // Proves that each name stands for one piece.
        _ = try tokenizer.encoder()
        let parts = try PieceParts(tokenizer)
        let count = tokenizer.vocabularySize
        var isKept = [Bool](repeating: false, count: count)
        func keep(_ token: UInt32) {
            // The parts of a part are parts of the whole, and kept with it.
            if isKept[Int(token)] { return }
            for part in parts.parts(of: token).tokens { isKept[Int(part)] = true }
        }
        let kinds = tokenizer.pieces.kinds
        for token in 0..<UInt32(count) {
            let isWord = kinds[Int(token)] == .normal || kinds[Int(token)] == .unused
            if use.contains(token) || !isWord { keep(token) }
        }
        if let space = tokenizer.pieces.token(named: Space.utf8, kind: .normal) { keep(space) }
        for token in tokens where Int(token) < count { keep(token) }
        for token in 0..<UInt32(count) where kinds[Int(token)] == .unused {
            let parts = parts.parts(of: token)
            if parts.areWhole, parts.tokens.allSatisfy({ isKept[Int($0)] || kinds[Int($0)] == .unused }) { keep(token) }
        }
        kept = (0..<UInt32(count)).filter { isKept[Int($0)] }
        wholeCount = count
        model = try tokenizer.model(of: kept)
    }

    /// The token of the piece that is token `whole` of the whole vocabulary; nil if it was left out.
    public func token(of whole: UInt32) -> UInt32? {
        var start = 0, end = kept.count
        while start < end {
            let middle = (start + end) / 2
            if kept[middle] < whole { start = middle + 1 } else { end = middle }
        }
        return start < kept.count && kept[start] == whole ? UInt32(start) : nil
    }
}

extension Tokenizer {
    /// The tokens that the pieces have in a vocabulary of which this is a part, in the same order; nil if it isn't.
    package func tokens(in whole: Tokenizer) -> [UInt32]? {
        var tokens: [UInt32] = []
        tokens.reserveCapacity(vocabularySize)
        for token in 0..<UInt32(whole.vocabularySize) where tokens.count < vocabularySize {
            let next = UInt32(tokens.count)
            guard pieces.kinds[Int(next)] == whole.pieces.kinds[Int(token)] else { continue }
            if pieces.name(of: next) == whole.pieces.name(of: token) { tokens.append(token) }
        }
        return tokens.count == vocabularySize ? tokens : nil
    }
}
