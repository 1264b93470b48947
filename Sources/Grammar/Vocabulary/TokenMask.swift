/// The tokens that may come next.
public final class TokenMask: Sendable {
    private enum Form: Sendable {
        case words([UInt64])
        /// Of few tokens these take less memory than a bit for each one of the vocabulary.
        case few([UInt32], wordCount: Int)
    }

    private let form: Form
    /// How many may come.
    public let count: Int
    /// How many tokens there are, rounded up to 64.
    public var vocabularySize: Int {
        switch form {
        case .words(let words): 64 * words.count
        case .few(_, let wordCount): 64 * wordCount
        }
    }

    init(_ words: [UInt64]) {
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
        form = count <= words.count / 8 ? .few(Self.tokens(words, count), wordCount: words.count) : .words(words)
    }

    /// One bit per token, the first token's the lowest of the first word.
    public var words: [UInt64] {
        switch form {
        case .words(let words): return words
        case .few(let tokens, let count):
            var words = [UInt64](repeating: 0, count: count)
            for token in tokens { words[Int(token >> 6)] |= 1 << UInt64(token & 63) }
            return words
        }
    }

    /// Sets the bit of each token that may come, in words that have one per token.
    public func insert(into words: UnsafeMutableBufferPointer<UInt64>) {
        switch form {
        case .words(let mine): for (index, word) in mine.enumerated() where index < words.count { words[index] |= word }
        case .few(let tokens, _):
            for token in tokens where Int(token >> 6) < words.count { words[Int(token >> 6)] |= 1 << UInt64(token & 63) }
        }
    }

    /// Calls `body` with each token that may come, in order.
    public func forEach(_ body: (UInt32) -> Void) {
        switch form {
        case .words(let words):
            for (index, word) in words.enumerated() {
                var rest = word
                while rest != 0 {
                    body(UInt32(64 * index + rest.trailingZeroBitCount))
                    rest &= rest - 1
                }
            }
        case .few(let tokens, _): for token in tokens { body(token) }
        }
    }

    /// Whether a token may come.
    public func allows(_ token: UInt32) -> Bool {
        switch form {
        case .words(let words):
            let word = Int(token >> 6)
            return word < words.count && words[word] >> UInt64(token & 63) & 1 == 1
        case .few(let tokens, _):
            var low = 0, high = tokens.count
            while low < high {
                let middle = (low + high) / 2
                if tokens[middle] < token { low = middle + 1 } else { high = middle }
            }
            return low < tokens.count && tokens[low] == token
        }
    }

    /// The token that must come; nil if several may, or none.
    public var only: UInt32? {
        guard count == 1 else { return nil }
        if case .few(let tokens, _) = form { return tokens.first }
        return tokens.first
    }

    /// The tokens that may come, in order.
    public var tokens: [UInt32] {
        switch form {
        case .words(let words): Self.tokens(words, count)
        case .few(let tokens, _): tokens
        }
    }

    private static func tokens(_ words: [UInt64], _ count: Int) -> [UInt32] {
        var tokens: [UInt32] = []
        tokens.reserveCapacity(count)
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                tokens.append(UInt32(64 * index + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return tokens
    }

    /// Bytes that it holds in memory.
    var byteCount: Int {
        switch form {
        case .words(let words): words.count * 8 + 64
        case .few(let tokens, _): tokens.count * 4 + 64
        }
    }
}
