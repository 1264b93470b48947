import CXXHash
import Text

/// What a session's tokens say, as a hash by which a conversation is known again when somebody brings the whole of it: an answer
/// counts by its text, without white space at its ends, and everything else by its tokens.
///
/// For the model spells an answer in tokens of its own choice, which are not always those that a tokenizer makes of the text. Follows
/// from the tokens alone, whoever chose and fed them. An answer is what comes after `<start_of_turn>` and the template's opening of
/// the model's turn, up to the next mark. Of an answer's last token, only what was shown counts. Of fixed size, and allocates nothing.
struct Transcript {
    /// Where every hash begins: at random in each process, which stores none of them, so that nobody can make two texts that are
    /// taken for the same.
    fileprivate static let seed = UInt64(bitPattern: Int64(Hasher().finalize()))

    private enum Place {
        case outside
        /// After `<start_of_turn>` and so many bytes of the opening.
        case opening(Int)
        case answer
    }

    private let tokenizer: Tokenizer
    /// Nil where there are no answers: in a vocabulary without marks, or without a template that has them.
    private let startOfTurn: UInt32?
    private let opening: [UInt8]
    private var place = Place.outside
    /// Of all before the answer that is open.
    private var before = Self.seed
    private var answer = TrimmedHash()
    /// The answer without its last token; nil if it has no tokens.
    private var answerBeforeLast: TrimmedHash?
    /// True if the session has consumed text of the answer that nobody has been shown.
    private var hidesText = false
    /// False for a session that was loaded without all of its tokens.
    private(set) var isKnown = true

    /// Before the first token.
    init(_ model: Model) {
        tokenizer = model.tokenizer
        let opening = model.chatTemplate?.opening
        startOfTurn = opening == nil ? nil : model.tokenizer.startOfTurn
        self.opening = Array((opening ?? "").utf8)
    }

    /// The hash of the conversation so far, in which an answer that is open counts as if it ended here.
    var hash: UInt64 {
        if case .answer = place { return before.continued(by: answer.hash) }
        return before
    }

    /// The same where an answer that is open is to go on, or to begin: then white space at its end is part of it. Nil if there is
    /// text that would be neither seen nor gone: white space alone, or what was not shown.
    var openHash: UInt64? {
        guard case .answer = place, answerBeforeLast != nil else { return hash }
        return hidesText ? nil : answer.openHash.map(before.continued(by:))
    }

    /// How a conversation goes on somewhere.
    enum Seam {
        /// Outside of answers, or where a mark ends one.
        case closed
        /// Where an answer begins, or, at the end of the conversation, goes on.
        case open
        /// Within an answer, whose beginning may be another's too.
        case within
    }

    /// How this conversation goes on with `next`, or ends if that is nil.
    func seam(before next: UInt32?) -> Seam {
        guard case .answer = place else { return .closed }
        guard let next else { return .open }
        return tokenizer.isControl(next) ? .closed : answerBeforeLast == nil ? .open : .within
    }

    mutating func append(_ token: UInt32) {
        if case .answer = place, !tokenizer.isControl(token) {
            answerBeforeLast = answer
            return tokenizer.forEachByte(of: token) { answer.append($0) }
        }
        // An answer of no text, which has not begun, is as one that has.
        before = hash.continued(by: UInt64(token))
        if token == startOfTurn {
            place = .opening(0)
        } else if case .opening(let count) = place {
            place = opening(after: token, count)
        } else {
            place = .outside
        }
        if case .opening(opening.count) = place {
            place = .answer
            beginAnswer()
        }
    }

    private mutating func beginAnswer() {
        answer = TrimmedHash()
        answerBeforeLast = nil
        hidesText = false
    }

    /// Notes that whoever reads the answer has seen only the first `bytes` bytes of the last token's text: that is what will come
    /// back.
    mutating func show(_ bytes: Int, ofLast token: UInt32) {
        guard case .answer = place, bytes > 0, var shown = answerBeforeLast else { return }
        shown.append(upTo: bytes) { append in tokenizer.forEachByte(of: token, append) }
        hidesText = hidesText || shown.openHash != answer.openHash
        answer = shown
    }

    /// The place after another token of the opening, of which there have been `count` bytes.
    private func opening(after token: UInt32, _ count: Int) -> Place {
        var count = count, isOpening = !tokenizer.isControl(token)
        tokenizer.forEachByte(of: token) { byte in
            isOpening = isOpening && count < opening.count && opening[count] == byte
            count += 1
        }
        return isOpening ? .opening(count) : .outside
    }

    /// Forgets all tokens. If some came before those that follow, it is no longer known.
    mutating func reset(isKnown: Bool = true) {
        place = .outside
        before = Self.seed
        beginAnswer()
        self.isKnown = isKnown
    }
}

extension UInt64 {
    /// The hash of a sequence that goes on with `next`.
    fileprivate func continued(by next: UInt64) -> UInt64 {
        withUnsafeBytes(of: next.littleEndian) { XXH3_64bits_withSeed($0.baseAddress, $0.count, self) }
    }
}

/// The hash of a text that comes byte by byte, without white space at both ends (`String.trimmed`). What is not UTF-8 counts as
/// U+FFFD, as a reader sees it (`UTF8Stream`).
struct TrimmedHash {
    /// Up to the last character that isn't white space.
    private var trimmed = Transcript.seed
    /// With the white space after it.
    private var whole = Transcript.seed
    private var hasBegun = false
    /// A character that has begun: its first byte, how many have come, and its value so far.
    private var first: UInt8 = 0
    private var count = 0
    private var value: UInt32 = 0
    /// How many bytes in UTF-8 may still come; less than 0 after more.
    private var room = Int.max

    private static let replacement: UInt32 = 0xFFFD

    /// The hash of the text so far. A character that is not complete counts as one.
    var hash: UInt64 { count > 0 ? whole.continued(by: UInt64(Self.replacement)) : trimmed }

    /// The same with the white space at its end; nil if there is nothing else.
    var openHash: UInt64? { count > 0 ? hash : hasBegun ? whole : nil }

    /// Appends the bytes that `body` passes on, as far as they make whole characters in the first `limit` bytes of the text, in
    /// UTF-8, that they complete.
    mutating func append(upTo limit: Int, _ body: ((UInt8) -> Void) -> Void) {
        room = limit
        body { append($0) }
        (count, value, room) = (0, 0, .max)
    }

    mutating func append(_ byte: UInt8) {
        if count > 0 {
            if (count == 1 ? UTF8Stream.seconds(first) : 0x80...0xBF).contains(byte) { return add(byte, bits: 6) }
            end(Self.replacement)
        }
        first = byte
        let length = UTF8Stream.length(byte)
        if length == 1 { return end(byte < 0x80 ? UInt32(byte) : Self.replacement) }
        add(byte, bits: 7 - length)
    }

    /// Adds the lowest bits of a byte to the character, which may then be complete.
    private mutating func add(_ byte: UInt8, bits: Int) {
        value = value << 6 | UInt32(byte) & (1 << bits - 1)
        count += 1
        if count == UTF8Stream.length(first) { end(value) }
    }

    /// Ends a character.
    private mutating func end(_ character: UInt32) {
        (count, value) = (0, 0)
        room -= character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4
        guard room >= 0 else { return }
        let isSpace = Unicode.Scalar(character)?.isPythonSpace ?? false
        if isSpace, !hasBegun { return }
        whole = whole.continued(by: UInt64(character))
        guard !isSpace else { return }
        trimmed = whole
        hasBegun = true
    }
}
