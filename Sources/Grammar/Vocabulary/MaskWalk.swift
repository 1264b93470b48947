/// Finds the tokens that may come from a state on. Used under the lock of the pool.
struct MaskWalk {
    private let vocabulary: VocabularyTrie
    private let pool: StatePool
    private var words: [UInt64]
    /// The states on the way down, by the number of bytes.
    private var states: [Int32]

    /// Fewer nodes below one are walked rather than asked about.
    private static let fewNodes: UInt32 = 8

    private init(_ vocabulary: VocabularyTrie, _ pool: StatePool) {
        self.vocabulary = vocabulary
        self.pool = pool
        words = vocabulary.plainUpTo[0]
        states = [Int32](repeating: 0, count: TrieOrder.longest + 1)
    }

    static func words(_ vocabulary: VocabularyTrie, _ pool: StatePool, from state: Int32) -> [UInt64] {
        var walk = MaskWalk(vocabulary, pool)
        guard state > StatePool.overLimit else { return walk.words }
        walk.states[0] = state
        walk.addPlain()
        walk.walk(vocabulary.others, 0..<vocabulary.others.nodes.count)
        if pool.accepts(state) { for end in vocabulary.ends { walk.words[Int(end >> 6)] |= 1 << UInt64(end & 63) } }
        return walk.words
    }

    private mutating func addPlain() {
        let step = pool.plainStep(states[0]), longest = vocabulary.longestPlain, trie = vocabulary.plain
        var isWhole = step.usual <= StatePool.overLimit
        if !isWhole {
            let reach = pool.plainReach(step.usual, limit: longest)
            if reach.isExact || reach.count + 1 >= longest {
                isWhole = true
                words = vocabulary.plainUpTo[min(longest, reach.count + 1)]
            }
        }
        guard isWhole else { return walk(trie, 0..<trie.nodes.count) }
        for (byte, node) in vocabulary.firstPlainNodes where step.exceptions.contains(byte) {
            let end = Int(trie.nodes[node].end)
            for token in trie.tokens[trie.firstToken(of: node)..<trie.firstToken(of: end)] {
                words[Int(token >> 6)] &= ~(1 << UInt64(token & 63))
            }
            walk(trie, node..<end)
        }
    }

    /// Adds the tokens of whole subtrees that may come.
    private mutating func walk(_ trie: TrieOrder, _ range: Range<Int>) {
        let longest = vocabulary.longestPlain
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
                var next = index + 1
                if trie.isPlain, node.isPlain, node.charactersBelow < 255, node.end - UInt32(index) > Self.fewNodes,
                    pool.plainReach(state, limit: longest).count >= Int(node.charactersBelow)
                {
                    next = Int(node.end)
                }
                for token in trie.tokens[Int(node.firstToken)..<trie.firstToken(of: next)] {
                    words[Int(token >> 6)] |= 1 << UInt64(token & 63)
                }
                index = next
            }
        }
    }
}
