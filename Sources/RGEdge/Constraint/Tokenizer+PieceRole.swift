import Grammar
import Text

extension Tokenizer {
    /// What a piece is to whoever takes a text apart.
    func role(of token: UInt32) -> PieceRole { isMerged(token) ? .merged : isWhole(token) ? .whole : .other }
}
