import System

extension Tokenizer {
    /// Encodes texts, by SentencePiece, which takes 200 bytes of memory per piece and some time to load: 52 MB and 70 ms for
    /// Gemma's 256,000 pieces. So one is made for a text, and goes with its last reference; keep one to encode many. Safe to use
    /// from several threads at once.
    public final class Encoder: Sendable {
        let tokenizer: Tokenizer
        let processor: Processor

        /// Loads SentencePiece. Throws if it refuses the model, or reads it differently than we do.
        init(_ tokenizer: Tokenizer) throws(FileProblem) {
            self.tokenizer = tokenizer
            processor = try FileProblem.amending(path: tokenizer.path, Self.processor(for: tokenizer))
        }

        private static func processor(for tokenizer: Tokenizer) throws(FileProblem) -> Processor {
            let processor = try Processor(
                tokenizer.edits.applied(to: tokenizer.model), pieceCount: tokenizer.vocabularySize, trieBytes: tokenizer.trieBytes)
            guard processor.pieceCount == tokenizer.vocabularySize else {
                throw FileProblem.tokenizer(
                    "has \(tokenizer.vocabularySize) pieces, of which SentencePiece sees \(processor.pieceCount)")
            }
            guard
                [processor.bos, processor.eos, processor.unknown, processor.pad]
                    == [tokenizer.bos, tokenizer.eos, tokenizer.unknown, tokenizer.pad]
            else { throw FileProblem.tokenizer("has other control pieces than SentencePiece sees") }
            return processor
        }
    }
}

extension Tokenizer.Encoder {
    /// What becomes of control marks that are spelled out in a text.
    public enum Controls: Sendable {
        /// They are text like any other, whoever wrote them.
        case asText
        /// They become their tokens: `<bos>`, `<start_of_turn>` and the like. Only for texts that can be trusted.
        case parsed
    }

    /// The tokens of a text; `<bos>` is not put first. Throws if SentencePiece gets no memory.
    ///
    /// ``Tokenizer/decode(_:)`` gives the text back, with one exception: U+2581 (▁) is how SentencePiece writes a
    /// space, and comes back as one.
    package func encode(_ text: String, controls: Controls = .asText) throws(FileProblem) -> [UInt32] {
        try Array(text.utf8).withUnsafeBufferPointer { text throws(FileProblem) in
            try encode(utf8: UnsafeRawBufferPointer(text), controls: controls)
        }
    }

    /// The same for bytes. Each byte that belongs to no well-formed UTF-8 character becomes U+FFFD.
    package func encode(utf8 text: UnsafeRawBufferPointer, controls: Controls = .asText) throws(FileProblem) -> [UInt32] {
        var tokens: [UInt32] = []
        switch controls {
        case .asText: try append(tokensOf: text, to: &tokens)
        case .parsed:
            try tokenizer.marks.forEachPart(of: text) { part throws(FileProblem) in
                switch part {
                case .mark(let token): tokens.append(token)
                case .text(let text): try append(tokensOf: text, to: &tokens)
                }
            }
        }
        return tokens
    }

    /// Appends the tokens of a text, in which marks are text.
    func append(tokensOf text: UnsafeRawBufferPointer, to tokens: inout [UInt32]) throws(FileProblem) {
        for passage in TextPassages(text, cutsAtLineBreaks: tokenizer.cutsAtLineBreaks) {
            if try FileProblem.amending(path: tokenizer.path, processor.encode(passage, into: &tokens)) { continue }
            // The byte pieces are always there, and say the same.
            tokens += passage.lazy.map { self.tokenizer.byteTokens[Int($0)] }
        }
    }
}
