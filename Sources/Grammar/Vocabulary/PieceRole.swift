/// What a piece is to a tokenizer that takes texts apart by BPE.
public enum PieceRole: Sendable {
    /// Made of two smaller ones; tokens with smaller numbers are made first.
    case merged
    /// Found in a text before all others, the longest first; merges with nothing.
    case whole
    /// None of these, as bytes and marks.
    case other
}
