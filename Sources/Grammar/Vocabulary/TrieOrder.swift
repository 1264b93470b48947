/// A tree of byte strings in one pass: nodes in depth-first order, each with where the next one that is not below it stands. A walk goes
/// on to the next node or jumps there; tokens below a node are a run of ``tokens``.
struct TrieOrder: Sendable {
    /// Eight bytes: a large vocabulary has half a million.
    struct Node: Sendable {
        /// The last byte of the node's string.
        var byte: UInt8
        /// Bytes of its string.
        var depth: UInt8
        /// Characters that the longest string below it has more than it; 255 stands for more.
        var charactersBelow: UInt8
        /// Whether its string is one of whole plain characters (``PlainText``).
        var isPlain: Bool
        /// The node after all those below it.
        var end: UInt32
    }

    /// The longest string, in bytes; longer ones are left out.
    static let longest = 64

    let nodes: [Node]
    /// One for each string, by their strings, in order.
    let tokens: [UInt32]
    /// Tokens whose string another one has: they may come where that one may.
    let twins: [(token: UInt32, twin: UInt32)]
    /// The same by the token that has the string.
    private let twinsByToken: [UInt32: [UInt32]]
    /// By their first bytes: the nodes that begin strings; `.max` where none does.
    private let roots: [UInt32]
    /// Whether all strings are plain.
    let isPlain: Bool
    /// Nodes that are the end of a string, as bits, and how many there are before each word of these.
    private let endBits: [UInt64]
    private let endCounts: [UInt32]

    /// The tree of tokens and their strings, none of which is empty.
    init(_ strings: [(bytes: [UInt8], token: UInt32)], isPlain: Bool) {
        self.isPlain = isPlain
        let sorted = strings.sorted { ($0.bytes, $0.token) < ($1.bytes, $1.token) }
        var nodes: [Node] = [], path: [Int] = [], plain: [Int?] = [], tokens: [UInt32] = [], isEnd: [Bool] = []
        var twins: [(token: UInt32, twin: UInt32)] = []
        tokens.reserveCapacity(sorted.count)
        var last: [UInt8] = []
        func close(to depth: Int) {
            while path.count > depth {
                let index = path.removeLast()
                plain.removeLast()
                nodes[index].end = UInt32(nodes.count)
                guard let parent = path.last else { continue }
                let isCharacter = nodes[index].byte & 0xC0 != 0x80
                let below = min(255, Int(nodes[index].charactersBelow) + (isCharacter ? 1 : 0))
                nodes[parent].charactersBelow = max(nodes[parent].charactersBelow, UInt8(below))
            }
        }
        for (bytes, token) in sorted {
            if bytes == last, let first = tokens.last {
                twins.append((first, token))
                continue
            }
            let common = zip(bytes, last).prefix { $0 == $1 }.count
            close(to: common)
            for depth in common..<bytes.count {
                path.append(nodes.count)
                let before: Int? = depth == 0 ? 0 : plain[depth - 1]
                plain.append(before.flatMap { PlainText.next($0, bytes[depth]) })
                nodes.append(
                    Node(byte: bytes[depth], depth: UInt8(depth + 1), charactersBelow: 0, isPlain: plain[depth] == 0, end: 0))
                isEnd.append(false)
            }
            // Sorted: a string comes before those that begin with it, so its node is new.
            isEnd[nodes.count - 1] = true
            tokens.append(token)
            last = bytes
        }
        close(to: 0)
        // Exactly as large as needed: they stay for as long as the vocabulary does.
        self.nodes = Array(unsafeUninitializedCapacity: nodes.count) { buffer, count in
            count = nodes.count
            _ = buffer.initialize(from: nodes)
        }
        self.tokens = tokens
        self.twins = twins
        twinsByToken = Dictionary(grouping: twins, by: \.token).mapValues { $0.map(\.twin) }
        var roots = [UInt32](repeating: .max, count: 256), root = 0
        while root < nodes.count {
            roots[Int(nodes[root].byte)] = UInt32(root)
            root = Int(nodes[root].end)
        }
        self.roots = roots
        var bits = [UInt64](repeating: 0, count: nodes.count / 64 + 1), counts: [UInt32] = []
        for (index, isEnd) in isEnd.enumerated() where isEnd { bits[index >> 6] |= 1 << UInt64(index & 63) }
        for word in bits { counts.append((counts.last ?? 0) + UInt32(word.nonzeroBitCount)) }
        endBits = bits
        endCounts = [0] + counts.dropLast()
    }

    /// The tokens of a string.
    func tokens(of string: ArraySlice<UInt8>) -> [UInt32] {
        var found: [UInt32] = [], length = 0
        forEachPrefix(of: string) {
            length += 1
            if length == string.count { found = $0 }
        }
        return found
    }

    /// Bytes of the longest string whose tokens have one that is wanted and that `text` begins with; 0 if there is none.
    func longestPrefix(of text: ArraySlice<UInt8>, where isWanted: (UInt32) -> Bool) -> Int {
        var longest = 0, length = 0
        forEachPrefix(of: text) {
            length += 1
            if $0.contains(where: isWanted) { longest = length }
        }
        return longest
    }

    /// Calls `body` with the tokens of the first byte, of the first two, and so on, as far as the tree has nodes for them.
    private func forEachPrefix(of text: ArraySlice<UInt8>, _ body: (_ tokens: [UInt32]) -> Void) {
        guard let first = text.first, roots[Int(first)] != .max else { return }
        var node = Int(roots[Int(first)])
        body(tokens(ofNode: node))
        for byte in text.dropFirst() {
            let end = Int(nodes[node].end)
            node += 1
            while node < end, nodes[node].byte != byte { node = Int(nodes[node].end) }
            guard node < end else { return }
            body(tokens(ofNode: node))
        }
    }

    private func tokens(ofNode node: Int) -> [UInt32] {
        guard isEnd(node) else { return [] }
        let first = tokens[firstToken(of: node)]
        return twinsByToken[first].map { [first] + $0 } ?? [first]
    }

    /// Whether a node is the end of a string.
    @inline(__always)
    func isEnd(_ node: Int) -> Bool { endBits[node >> 6] >> UInt64(node & 63) & 1 == 1 }

    /// Where the tokens of a node begin; for the node after the last, where all end.
    @inline(__always)
    func firstToken(of node: Int) -> Int {
        let before = endBits[node >> 6] & (1 << UInt64(node & 63) - 1)
        return Int(endCounts[node >> 6]) + before.nonzeroBitCount
    }

    var byteCount: Int {
        nodes.count * MemoryLayout<Node>.stride + tokens.count * 4 + endBits.count * 12 + twins.count * 8
    }
}

private func < (left: ([UInt8], UInt32), right: ([UInt8], UInt32)) -> Bool {
    if left.0.lexicographicallyPrecedes(right.0) { return true }
    return left.0 == right.0 && left.1 < right.1
}
