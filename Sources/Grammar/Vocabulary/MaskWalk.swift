/// Finds the tokens that may come from a state on. Used under the lock of the pool.
struct MaskWalk {
    private let vocabulary: VocabularyTrie
    private let pool: StatePool
    /// The mask. As a pointer, since each change of an array asks who else has it; all tokens are within.
    private let words: UnsafeMutableBufferPointer<UInt64>
    /// The states on the way down, by the number of bytes.
    private let states: UnsafeMutableBufferPointer<Int32>

    /// Fewer nodes below one are walked rather than asked about.
    private static let fewNodes: UInt32 = 8

    static func words(_ vocabulary: VocabularyTrie, _ pool: StatePool, from state: Int32) -> [UInt64] {
        guard state > StatePool.overLimit else { return vocabulary.plainSets.words(upTo: 0) }
        let start = PlainStart(vocabulary, pool, state)
        var words = start.words
        words.withUnsafeMutableBufferPointer { words in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: TrieOrder.longest + 1) { states in
                states.initialize(repeating: state)
                MaskWalk(vocabulary: vocabulary, pool: pool, words: words, states: states).run(start, state)
            }
        }
        return words
    }

    private func run(_ start: PlainStart, _ state: Int32) {
        addPlain(start)
        walk(vocabulary.others, 0..<vocabulary.others.nodes.count)
        for twins in [vocabulary.plain.twins, vocabulary.others.twins] {
            for (token, twin) in twins where words[Int(token >> 6)] >> UInt64(token & 63) & 1 == 1 { insert(twin) }
        }
        if pool.accepts(state) { for end in vocabulary.ends { insert(end) } }
    }

    @inline(__always)
    private func insert(_ token: UInt32) { words[Int(token >> 6)] |= 1 << UInt64(token & 63) }

    private func addPlain(_ start: PlainStart) {
        let trie = vocabulary.plain
        guard let exceptions = start.exceptions else { return walk(trie, 0..<trie.nodes.count) }
        if start.hasAll { return remove(trie, exceptions) }
        for (byte, node) in vocabulary.firstPlainNodes where exceptions.contains(byte) {
            let end = Int(trie.nodes[node].end)
            if !start.isEmpty { removeTokens(trie, node..<end) }
            walk(trie, node..<end)
        }
    }

    private func removeTokens(_ trie: TrieOrder, _ range: Range<Int>) {
        for token in trie.tokens[trie.firstToken(of: range.lowerBound)..<trie.firstToken(of: range.upperBound)] {
            words[Int(token >> 6)] &= ~(1 << UInt64(token & 63))
        }
    }

    /// Of all plain tokens removes those that may not come. Looks only at characters that lead elsewhere than most, as those of the
    /// names that a further key must not be.
    private func remove(_ trie: TrieOrder, _ first: ByteSet) {
        let longest = vocabulary.plainSets.longest
        withUnsafeTemporaryAllocation(of: ByteSet.self, capacity: TrieOrder.longest + 1) { exceptions in
            exceptions.initialize(repeating: first)
            trie.nodes.withUnsafeBufferPointer { nodes in
                var index = 0
                while index < nodes.count {
                    let node = nodes[index], end = Int(node.end)
                    guard exceptions[Int(node.depth) - 1].contains(node.byte) else {
                        index = end
                        continue
                    }
                    let state = pool.next(states[Int(node.depth) - 1], byte: node.byte)
                    states[Int(node.depth)] = state
                    if state > StatePool.overLimit, node.isPlain, case let step = pool.plainStep(state),
                        step.usual > StatePool.overLimit,
                        pool.plainReach(step.usual, limit: longest).count >= longest
                    {
                        exceptions[Int(node.depth)] = step.exceptions
                        index += 1
                        continue
                    }
                    removeTokens(trie, index..<end)
                    if state > StatePool.overLimit { walk(trie, index..<end) }
                    index = end
                }
            }
        }
    }

    /// Adds the tokens of whole subtrees that may come.
    private func walk(_ trie: TrieOrder, _ range: Range<Int>) {
        let longest = vocabulary.plainSets.longest
        trie.nodes.withUnsafeBufferPointer { nodes in
            var index = range.lowerBound
            while index < range.upperBound {
                let node = nodes[index]
                let state = pool.next(states[Int(node.depth) - 1], byte: node.byte)
                guard state > StatePool.overLimit else {
                    index = Int(node.end)
                    continue
                }
                states[Int(node.depth)] = state
                if trie.isPlain, node.isPlain, node.charactersBelow < 255, node.end - UInt32(index) > Self.fewNodes,
                    pool.plainReach(state, limit: longest).count >= Int(node.charactersBelow)
                {
                    for token in trie.tokens[trie.firstToken(of: index)..<trie.firstToken(of: Int(node.end))] { insert(token) }
                    index = Int(node.end)
                    continue
                }
                if trie.isEnd(index) { insert(trie.tokens[trie.firstToken(of: index)]) }
                index += 1
            }
        }
    }
}

/// What a mask begins with: the plain tokens that may come wherever a character may.
private struct PlainStart {
    var words: [UInt64]
    /// First bytes of those that have to be walked; nil where all have to.
    var exceptions: ByteSet?
    /// Whether `words` has none.
    var isEmpty = true
    /// Whether it has all plain tokens.
    var hasAll = false

    init(_ vocabulary: VocabularyTrie, _ pool: StatePool, _ state: Int32) {
        let step = pool.plainStep(state), sets = vocabulary.plainSets
        words = sets.words(upTo: 0)
        if step.usual <= StatePool.overLimit {
            exceptions = step.exceptions
            return
        }
        let reach = pool.plainReach(step.usual, limit: sets.longest)
        guard reach.isExact || reach.count + 1 >= sets.longest else { return }
        words = sets.words(upTo: min(sets.longest, reach.count + 1))
        (exceptions, isEmpty, hasAll) = (step.exceptions, false, reach.count >= sets.longest)
    }
}
