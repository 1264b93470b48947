extension Tokenizer {
    /// What becomes of control marks that are spelled out in a text.
    public enum Controls: Sendable {
        /// They are text like any other, whoever wrote them.
        case asText
        /// They become their tokens: `<bos>`, `<start_of_turn>` and the like. For texts that are to be trusted.
        case parsed
    }

    /// The tokens of a text; `<bos>` is not put first.
    ///
    /// ``decode(_:)`` gives the text back, with one exception: U+2581 (▁) is how SentencePiece writes a space, and comes back as
    /// one.
    public func encode(_ text: String, controls: Controls = .asText) -> [UInt32] {
        var text = text
        return text.withUTF8 { encode(utf8: UnsafeRawBufferPointer($0), controls: controls) }
    }

    /// The same for bytes. Each byte that belongs to no well-formed UTF-8 character becomes U+FFFD.
    public func encode(utf8 text: UnsafeRawBufferPointer, controls: Controls = .asText) -> [UInt32] {
        var tokens: [UInt32] = []
        switch controls {
        case .asText: append(tokensOf: text, to: &tokens)
        case .parsed:
            marks.forEachPart(of: text) { part in
                switch part {
                case .mark(let token): tokens.append(token)
                case .text(let text): append(tokensOf: text, to: &tokens)
                }
            }
        }
        return tokens
    }

    /// Appends the tokens of a text, in which marks are text.
    func append(tokensOf text: UnsafeRawBufferPointer, to tokens: inout [UInt32]) {
        for piece in TextPieces(text, cutsAtLineBreaks: cutsAtLineBreaks) where !processor.encode(piece, into: &tokens) {
            // Bytes are always there, and say the same.
            tokens += piece.lazy.map { self.byteTokens[Int($0)] }
        }
    }
}
