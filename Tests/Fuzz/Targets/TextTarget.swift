import Text

extension FuzzTarget {
    /// Text to tokens and back, and text that comes in parts, which the first byte cuts.
    static let text = FuzzTarget(name: "text", largestInput: 1 << 12) {
        let texts = ["Hello <start_of_turn> <bos>\n\n\n  <h1>x", "é日本\u{1F600}\u{301}▁ ▁\r\n\t", "a\u{301}b ab \u{2028}\u{0}"]
        return texts.map { [3] + Array($0.utf8) }
            + [[1, 0xFF, 0xFE, 0x20, 0xF0, 0x9F, 0x98, 0xC3, 0x28, 0xED, 0xA0, 0x80]]
    } run: { bytes in
        guard let cut = bytes.first else { return false }
        let bytes = Array(bytes.dropFirst())
        encode(bytes)
        stream(bytes, cut: 1 + Int(cut) % 13)
        return true
    }

    private static func encode(_ bytes: [UInt8]) {
        guard let encoder = try? SmallModel.model.encoder() else { return }
        let tokenizer = SmallModel.model.tokenizer
        guard let tokens = try? bytes.withUnsafeBytes({ try encoder.encode(utf8: $0) }),
            let marked = try? bytes.withUnsafeBytes({ try encoder.encode(utf8: $0, controls: .parsed) })
        else { return }
        promise((tokens + marked).allSatisfy { $0 < tokenizer.vocabularySize }, "tokens are in the vocabulary")
        promise(!tokens.contains { tokenizer.isControl($0) }, "no control token comes from text")
        let decoded = tokenizer.decode(tokens)
        promise(decoded.count <= tokenizer.largestByteCount(of: tokens), "a text has at most that many bytes")
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        // SentencePiece writes a space as U+2581, which so comes back as one.
        let expected = text.unicodeScalars.flatMap { $0 == "\u{2581}" ? Array(" ".utf8) : Array(String($0).utf8) }
        promise(decoded == expected, "tokens of a text stand for this text")
    }

    private static func stream(_ bytes: [UInt8], cut: Int) {
        // A character that has begun is given out, or not, when another one comes.
        let bytes = bytes + [UInt8(ascii: ".")]
        let parts = stride(from: 0, to: bytes.count, by: cut).map { bytes[$0..<min($0 + cut, bytes.count)] }
        var stream = UTF8Stream(), text = ""
        var matcher = StopMatcher(stops: ["ab", "\u{301}", "a\u{301}b", "\r\n", "  "]), whole = matcher
        var shown = ""
        for part in parts {
            let next = stream.append(part)
            text += next
            shown += matcher.append(next)
        }
        shown += matcher.finish()
        promise(text.utf8.elementsEqual(String(decoding: bytes, as: UTF8.self).utf8), "a text is the same however it is cut")
        let shownWhole = whole.append(text) + whole.finish()
        promise(shown.utf8.elementsEqual(shownWhole.utf8), "a text stops at the same place however it is cut")
        promise(matcher.match == whole.match, "a text is stopped by the same text however it is cut")
    }
}
