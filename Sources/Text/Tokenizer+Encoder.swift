extension Tokenizer {
    /// Encodes texts, by SentencePiece, which takes 200 bytes of memory a piece and some time to load: 52 MB and 70 ms for Gemma's
    /// 256,000 pieces. So one is made for a text, and gone with its last reference; keep one to encode many. Safe to use from several
    /// threads at once.
    public final class Encoder: Sendable {
        let tokenizer: Tokenizer
        let processor: Processor

        /// Loads SentencePiece. Throws if it refuses the model, or sees another one in it than we do.
        init(_ tokenizer: Tokenizer) throws(TokenizerError) {
            self.tokenizer = tokenizer
            processor = try Processor(tokenizer.edits.applied(to: tokenizer.model))
            guard processor.pieceCount == tokenizer.vocabularySize else {
                throw TokenizerError("has \(tokenizer.vocabularySize) pieces, of which SentencePiece sees \(processor.pieceCount)")
            }
            guard [processor.bos, processor.eos, processor.unknown, processor.pad]
                == [tokenizer.bos, tokenizer.eos, tokenizer.unknown, tokenizer.pad]
            else { throw TokenizerError("has other control pieces than SentencePiece sees") }
        }

        /// Bytes that it holds in memory.
        public var byteCount: Int { processor.byteCount }
    }
}

extension Tokenizer.Encoder {
    /// What becomes of control marks that are spelled out in a text.
    public enum Controls: Sendable {
        /// They are text like any other, whoever wrote them.
        case asText
        /// They become their tokens: `<bos>`, `<start_of_turn>` and the like. For texts that are to be trusted.
        case parsed
    }

    /// The tokens of a text; `<bos>` is not put first.
    ///
    /// ``Tokenizer/decode(_:)`` gives the text back, with one exception: U+2581 (▁) is how SentencePiece writes a space, and comes back as
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
            tokenizer.marks.forEachPart(of: text) { part in
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
        for piece in TextPieces(text, cutsAtLineBreaks: tokenizer.cutsAtLineBreaks) where !processor.encode(piece, into: &tokens) {
            // Bytes are always there, and say the same.
            tokens += piece.lazy.map { self.tokenizer.byteTokens[Int($0)] }
        }
    }
}
