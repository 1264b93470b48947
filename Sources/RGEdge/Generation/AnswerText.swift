import Text

/// The way from tokens to text: bytes to whole characters to what can't become a stop text any more.
struct AnswerText {
    private var bytes: [UInt8] = []
    private var characters = UTF8Stream()
    private var matcher: StopMatcher
    private var unseen = UnseenTokens()
    /// Bytes of text, in UTF-8, that the tokens have made so far.
    private(set) var received = 0
    /// Bytes of that which have been shown; the others are held back.
    private(set) var shown = 0

    init(stop: [String]) {
        matcher = StopMatcher(stops: stop)
        bytes.reserveCapacity(256)
    }

    /// True when a stop text has come.
    var isStopped: Bool { matcher.match != nil }

    /// Notes what the next token is to come with, beside the text.
    mutating func note(_ token: AnswerToken) { unseen.append(token, start: received) }

    /// Shows what a token makes certain; false if `onPiece` wants to stop.
    mutating func append(_ token: UInt32, _ tokenizer: Tokenizer, _ onPiece: (AnswerPiece) -> Bool) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        tokenizer.append(bytesOf: token, to: &bytes)
        let text = characters.append(bytes)
        received += text.utf8.count
        return show(matcher.append(text), onPiece)
    }

    /// Shows what was held back because it could have become a stop text.
    mutating func finish(_ onPiece: (AnswerPiece) -> Bool) -> Bool { show(matcher.finish(), onPiece) }

    /// Gives away the tokens that were noted, which are certain although nothing of them can be shown; false if `onPiece` wants to
    /// stop.
    mutating func finishTokens(_ onPiece: (AnswerPiece) -> Bool) -> Bool {
        let tokens = unseen.takeAll()
        return tokens.isEmpty || onPiece(AnswerPiece(text: "", tokens: tokens))
    }

    private mutating func show(_ text: String, _ onPiece: (AnswerPiece) -> Bool) -> Bool {
        shown += text.utf8.count
        return text.isEmpty || onPiece(AnswerPiece(text: text, tokens: unseen.take(shown: shown)))
    }
}
