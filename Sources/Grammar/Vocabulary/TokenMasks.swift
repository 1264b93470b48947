import System

/// The masks of a grammar and a vocabulary: made when they are asked for, kept for whoever comes to the same state. Used by many
/// threads.
public final class TokenMasks: Sendable {
    /// What texts follow.
    public let grammar: Grammar
    /// The tokens that they are made of.
    public let vocabulary: VocabularyTrie
    /// Bytes of masks that are kept at most.
    private let capacity: Int
    private let cache = Guarded(Cache())

    /// What was used lately, and what was used before: when the first has half the room, the second is forgotten.
    private struct Cache {
        var recent: [UInt64: TokenMask] = [:]
        var older: [UInt64: TokenMask] = [:]
        var recentBytes = 0
        var olderBytes = 0
    }

    /// What masks are kept, unless something else is asked for.
    public static let usualCapacity = 32

    /// Keeps what `capacity` masks of many tokens take, one bit per token of the vocabulary: 32 kB each for Gemma's, and so a megabyte.
    /// Masks of few tokens take less.
    public init(grammar: Grammar, vocabulary: VocabularyTrie, capacity: Int = usualCapacity) {
        self.grammar = grammar
        self.vocabulary = vocabulary
        self.capacity = max(2, capacity) * (vocabulary.vocabularySize / 8 + 128)
    }

    /// Bytes that the masks at hand hold.
    public var byteCount: Int { cache.withLock { $0.recentBytes + $0.olderBytes } }

    /// The tokens that may come next. None if the matcher is dead; of a text that may end, those that end it too. The matcher must be
    /// of this grammar.
    ///
    /// Where the grammar leaves no choice of bytes, this is the token that the tokenizer makes of them, and no other way to spell
    /// them: what the model has seen in training, and what needs no model to be known. But for the last of these tokens, which may
    /// become one with what follows.
    public func mask(for matcher: Matcher) -> TokenMask {
        let pool = matcher.pool, state = pool.lock.withLock { pool.near(matcher.state, length: vocabulary.longest) }
        let key = UInt64(pool.serial) << 32 | UInt64(UInt32(bitPattern: state))
        if let known = cache.withLock({ known(key, in: &$0) }) { return known }
        let mask = TokenMask(words(pool, state))
        cache.withLock { keep(mask, key, in: &$0) }
        return mask
    }

    private func words(_ pool: StatePool, _ state: Int32) -> [UInt64] {
        var (words, forced, mustEnd) = pool.lock.withLock {
            let forced = pool.forced(from: state, limit: vocabulary.longest)
            let end = forced.reduce(state) { pool.next($0, byte: $1) }
            return (MaskWalk.words(vocabulary, pool, from: state), forced, pool.accepts(end) && !pool.canGoOn(end))
        }
        guard !forced.isEmpty, let tokens = vocabulary.canonicalTokens(of: forced), let first = tokens.first,
            tokens.count > 1 || mustEnd
        else { return words }
        let word = Int(first >> 6), bit: UInt64 = 1 << UInt64(first & 63)
        guard word < words.count, words[word] & bit != 0 else { return words }
        for index in words.indices { words[index] = 0 }
        words[word] = bit
        return words
    }

    private func known(_ key: UInt64, in cache: inout Cache) -> TokenMask? {
        if let mask = cache.recent[key] { return mask }
        guard let mask = cache.older[key] else { return nil }
        keep(mask, key, in: &cache)
        return mask
    }

    private func keep(_ mask: TokenMask, _ key: UInt64, in cache: inout Cache) {
        if cache.recentBytes + mask.byteCount > capacity / 2 {
            (cache.older, cache.olderBytes) = (cache.recent, cache.recentBytes)
            (cache.recent, cache.recentBytes) = ([:], 0)
        }
        if cache.recent.updateValue(mask, forKey: key) == nil { cache.recentBytes += mask.byteCount }
    }
}
