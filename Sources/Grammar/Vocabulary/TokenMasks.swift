import System

/// The masks of a grammar and a vocabulary: made when they are asked for, kept for whoever comes to the same state. Used by many
/// threads.
public final class TokenMasks: Sendable {
    public let grammar: Grammar
    public let vocabulary: VocabularyTrie
    /// Masks that are kept at least.
    private let capacity: Int
    private let cache = Guarded(Cache())

    /// What was used lately, and what was used before: when the first is full, the second is forgotten.
    private struct Cache {
        var recent: [UInt64: TokenMask] = [:]
        var older: [UInt64: TokenMask] = [:]
    }

    /// `capacity` masks are kept at least, and twice as many at most; each takes a bit per token, 32 kB for Gemma's vocabulary.
    public init(grammar: Grammar, vocabulary: VocabularyTrie, capacity: Int = 64) {
        self.grammar = grammar
        self.vocabulary = vocabulary
        self.capacity = max(1, capacity)
    }

    /// The tokens that may come next. None if the matcher is dead; of a text that may end, those that end it too. The matcher must be
    /// of this grammar.
    public func mask(for matcher: Matcher) -> TokenMask {
        let pool = matcher.pool, state = pool.lock.withLock { pool.near(matcher.state, length: vocabulary.longest) }
        let key = UInt64(pool.serial) << 32 | UInt64(UInt32(bitPattern: state))
        if let known = cache.withLock({ known(key, in: &$0) }) { return known }
        let words = pool.lock.withLock { MaskWalk.words(vocabulary, pool, from: state) }
        let mask = TokenMask(words)
        cache.withLock { keep(mask, key, in: &$0) }
        return mask
    }

    private func known(_ key: UInt64, in cache: inout Cache) -> TokenMask? {
        if let mask = cache.recent[key] { return mask }
        guard let mask = cache.older[key] else { return nil }
        keep(mask, key, in: &cache)
        return mask
    }

    private func keep(_ mask: TokenMask, _ key: UInt64, in cache: inout Cache) {
        if cache.recent.count >= capacity {
            cache.older = cache.recent
            cache.recent = [:]
        }
        cache.recent[key] = mask
    }
}
