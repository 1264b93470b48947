extension Tokenizer {
    /// Appends what a token adds to a text, in UTF-8. A character may be spread over several tokens of one byte each: see
    /// `UTF8Stream`. Control marks, `<unk>` and tokens outside the vocabulary add nothing.
    public func append(bytesOf token: UInt32, to text: inout [UInt8]) {
        forEachByte(of: token) { text.append($0) }
    }

    /// Calls `body` with each byte of what a token adds to a text, without allocating.
    package func forEachByte(of token: UInt32, _ body: (UInt8) -> Void) {
        guard Int(token) < pieces.count else { return }
        let kind = pieces.kinds[Int(token)]
        guard kind != .control, kind != .unknown else { return }
        var name = pieces.name(of: token)
        if kind == .byte, let byte = byteValue(name) { return body(byte) }
        while let first = name.first {
            let isSpace = name.starts(with: Space.utf8)
            body(isSpace ? UInt8(ascii: " ") : first)
            name = name.dropFirst(isSpace ? Space.utf8.count : 1)
        }
    }

    /// As many bytes as the text of tokens can have at most.
    public func largestByteCount(of tokens: some Sequence<UInt32>) -> Int {
        tokens.reduce(0) { $0 + (Int($1) < pieces.count ? pieces.name(of: $1).count : 0) }
    }

    /// The text of tokens in UTF-8: what each of them adds, one after the other.
    public func decode(_ tokens: some Sequence<UInt32>) -> [UInt8] {
        var text: [UInt8] = []
        for token in tokens { append(bytesOf: token, to: &text) }
        return text
    }
}
