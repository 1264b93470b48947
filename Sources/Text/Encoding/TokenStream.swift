import System

/// The tokens of a text that comes part by part and may be longer than memory: those of the whole text (`TextPassages` sees as
/// much of it as decides where it is cut).
public struct TokenStream {
    /// Nil once the text is finished: it is large.
    private var encoder: Tokenizer.Encoder?
    /// Bytes that have no tokens yet.
    private var text: [UInt8] = []
    private var tokens: [UInt32] = []
    /// Tokens at the start of `tokens` that were taken.
    private var taken = 0
    /// Bytes that have tokens, and how many they have.
    private var encoded = (bytes: 0, tokens: 0)
    /// True after ``finish()``.
    public private(set) var isFinished = false

    /// A text of which nothing has come yet.
    public init(_ encoder: Tokenizer.Encoder) { self.encoder = encoder }

    /// Tokens that can be taken.
    public var count: Int { tokens.count - taken }

    /// Adds the next bytes of the text, and the tokens of as much of it as is certain. Throws if SentencePiece gets no memory.
    public mutating func append(_ bytes: [UInt8]) throws(FileProblem) {
        text += bytes
        try encode(whileLongerThan: TextPassages.limit)
    }

    /// Adds the tokens of the rest: the text is complete.
    public mutating func finish() throws(FileProblem) {
        isFinished = true
        try encode(whileLongerThan: 0)
        encoder = nil
    }

    /// Takes the next tokens, at most `limit`.
    public mutating func take(_ limit: Int) -> [UInt32] {
        let next = Array(tokens[taken...].prefix(limit))
        taken += next.count
        if taken == tokens.count {
            tokens.removeAll(keepingCapacity: true)
            taken = 0
        }
        return next
    }

    /// How many tokens the text has, including those that were taken. Until it is finished, as many as it has if it goes on as it
    /// began, up to `byteCount` bytes; nil where that isn't known.
    public func total(ofBytes byteCount: Int?) -> Int? {
        if isFinished { return encoded.tokens }
        guard let byteCount, encoded.bytes > 0 else { return nil }
        return Int(exactly: (Double(encoded.tokens) * Double(byteCount) / Double(encoded.bytes)).rounded())
    }

    private mutating func encode(whileLongerThan limit: Int) throws(FileProblem) {
        guard let encoder else { return }
        let text = self.text
        var end = 0, new: [UInt32] = []
        try text.withUnsafeBufferPointer { bytes throws(FileProblem) in
            while bytes.count - end > limit {
                var passages = TextPassages(
                    UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[end...])),
                    cutsAtLineBreaks: encoder.tokenizer.cutsAtLineBreaks)
                guard let passage = passages.next() else { break }
                try encoder.append(tokensOf: passage, to: &new)
                end += passage.count
            }
        }
        guard end > 0 else { return }
        self.text = Array(text[end...])
        tokens.removeFirst(taken)
        taken = 0
        tokens += new
        encoded = (encoded.bytes + end, encoded.tokens + new.count)
    }
}
