import Text

extension FuzzTarget {
    /// `tokenizer.model`: our reading of it, SentencePiece's, and what both make of texts.
    static let tokenizer = FuzzTarget(name: "tokenizer", largestInput: 1 << 15) {
        ["alpha", "beta"].map { fixture("Tests/Fixtures/oracle/\($0)/tokenizer.model") }
    } run: { bytes in
        guard let tokenizer = try? Tokenizer(model: bytes) else { return false }
        let count = UInt32(tokenizer.vocabularySize)
        for token in [0, 1, 2, 3, count / 2, count - 1, count, .max] {
            _ = tokenizer.piece(of: token)
            _ = tokenizer.isControl(token)
        }
        promise(
            [tokenizer.bos, tokenizer.eos, tokenizer.unknown].allSatisfy { $0 < count }, "control pieces are in the vocabulary")
        _ = tokenizer.decode(0..<min(count, 600))
        guard let encoder = try? tokenizer.encoder() else { return false }
        let texts = ["Hello <start_of_turn> world\n\n  x", "", "\u{0}\u{FFFD}é日本\u{1F600}\u{E000}", "ﬁ①㎏ the of and<bos></s>"]
        for text in texts {
            guard let tokens = try? encoder.encode(text), let marked = try? encoder.encode(text, controls: .parsed) else {
                continue
            }
            promise((tokens + marked).allSatisfy { $0 < count }, "tokens are in the vocabulary")
            promise(!tokens.contains { tokenizer.isControl($0) }, "no control token comes from text")
            promise(tokenizer.largestByteCount(of: tokens) >= tokenizer.decode(tokens).count, "a text has at most that many bytes")
        }
        checkReduction(of: tokenizer, to: texts[0], texts, encoder)
        return true
    }

    /// The vocabulary of one text, and what it makes of all.
    private static func checkReduction(
        of tokenizer: Tokenizer, to seen: String, _ texts: [String], _ encoder: Tokenizer.Encoder
    ) {
        guard let tokens = try? encoder.encode(seen) else { return }
        var use = PieceUse(of: tokenizer)
        use.add(tokens)
        guard let reduced = try? ReducedVocabulary(of: tokenizer, use: use, keeping: [tokenizer.bos]) else { return }
        guard let part = try? Tokenizer(model: reduced.model), let smaller = try? part.encoder() else {
            return promise(false, "a part of a tokenizer is one")
        }
        promise(part.tokens(in: tokenizer) == reduced.kept, "a part is found in its whole")
        // Which tokens a text has is not promised: of scores that are no numbers none is the highest.
        for text in texts {
            guard let tokens = try? smaller.encode(text) else { continue }
            promise(tokens.allSatisfy { $0 < reduced.kept.count }, "tokens are in the smaller vocabulary")
            promise(!tokens.contains { part.isControl($0) }, "no control token of the smaller vocabulary comes from text")
        }
    }
}
