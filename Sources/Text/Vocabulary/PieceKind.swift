/// What a piece of the vocabulary is for. Raw values are those of `ModelProto.SentencePiece.Type` (sentencepiece_model.proto).
enum PieceKind: UInt8 {
    case normal = 1
    case unknown = 2
    /// Never matched in a text.
    case control = 3
    /// Matched in any text, before all others, and never merged with what stands beside it.
    case userDefined = 4
    case unused = 5
    /// One byte of a character that has no piece: `<0x41>`.
    case byte = 6
}
