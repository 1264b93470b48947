/// A tree of byte strings in one pass: nodes in depth-first order, each with where the next one that is not below it stands. A walk goes
/// on to the next node or jumps there; tokens below a node are a run of ``tokens``.
struct TrieOrder: Sendable {
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
        /// Its own tokens are those from here on to the next node's.
        var firstToken: UInt32
    }

    /// The longest string, in bytes; longer ones are left out.
    static let longest = 200

    let nodes: [Node]
    /// By their strings, in order.
    let tokens: [UInt32]
    /// Whether all strings are plain.
    let isPlain: Bool

    /// The tree of tokens and their strings, none of which is empty.
    init(_ strings: [(bytes: [UInt8], token: UInt32)], isPlain: Bool) {
        self.isPlain = isPlain
        let sorted = strings.sorted { ($0.bytes, $0.token) < ($1.bytes, $1.token) }
        var nodes: [Node] = [], path: [Int] = [], plain: [Int?] = [], tokens: [UInt32] = []
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
            let common = zip(bytes, last).prefix { $0 == $1 }.count
            close(to: common)
            for depth in common..<bytes.count {
                path.append(nodes.count)
                let before: Int? = depth == 0 ? 0 : plain[depth - 1]
                plain.append(before.flatMap { PlainText.next($0, bytes[depth]) })
                let node = Node(
                    byte: bytes[depth], depth: UInt8(depth + 1), charactersBelow: 0, isPlain: plain[depth] == 0, end: 0,
                    firstToken: UInt32(tokens.count))
                nodes.append(node)
            }
            tokens.append(token)
            last = bytes
        }
        close(to: 0)
        self.nodes = nodes
        self.tokens = tokens
    }

    /// The tokens of a string.
    func tokens(of string: ArraySlice<UInt8>) -> ArraySlice<UInt32> {
        var found = tokens[..<0], length = 0
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
    private func forEachPrefix(of text: ArraySlice<UInt8>, _ body: (_ tokens: ArraySlice<UInt32>) -> Void) {
        var candidates = 0..<nodes.count
        for byte in text {
            var node = candidates.lowerBound
            while node < candidates.upperBound, nodes[node].byte != byte { node = Int(nodes[node].end) }
            guard node < candidates.upperBound else { return }
            body(tokens[firstToken(of: node)..<firstToken(of: node + 1)])
            candidates = node + 1..<Int(nodes[node].end)
        }
    }

    /// Where the tokens of a node begin; for the node after the last, where all end.
    func firstToken(of node: Int) -> Int { node < nodes.count ? Int(nodes[node].firstToken) : tokens.count }

    var byteCount: Int { nodes.count * MemoryLayout<Node>.stride + tokens.count * 4 }
}

private func < (left: ([UInt8], UInt32), right: ([UInt8], UInt32)) -> Bool {
    if left.0.lexicographicallyPrecedes(right.0) { return true }
    return left.0 == right.0 && left.1 < right.1
}
