extension ExpressionBuilder {
    /// One of many byte strings: common beginnings and ends are there once.
    mutating func words(_ words: [[UInt8]]) -> ExpressionID {
        /// A beginning of the word at hand, while words that begin so still come.
        struct Beginning {
            var isWord = false
            var next: [(byte: UInt8, rest: ExpressionID)] = []
        }
        let sorted = words.sorted { $0.lexicographicallyPrecedes($1) }
        var path = [Beginning()]
        var current: [UInt8] = []
        func close(_ beginning: Beginning, _ builder: inout Self) -> ExpressionID {
            var order: [ExpressionID] = [], bytes: [ExpressionID: ByteSet] = [:]
            for (byte, rest) in beginning.next {
                if bytes[rest] == nil { order.append(rest) }
                bytes[rest, default: ByteSet()].insert(byte)
            }
            let parts = order.map { rest in builder.sequence(builder.bytes(bytes[rest] ?? ByteSet()), rest) }
            return builder.choice(parts + (beginning.isWord ? [builder.empty] : []))
        }
        func shorten(to count: Int, _ builder: inout Self) {
            while current.count > count {
                let rest = close(path.removeLast(), &builder)
                path[path.count - 1].next.append((current.removeLast(), rest))
            }
        }
        for word in sorted {
            shorten(to: zip(word, current).prefix { $0 == $1 }.count, &self)
            for byte in word[current.count...] {
                current.append(byte)
                path.append(Beginning())
            }
            path[path.count - 1].isWord = true
        }
        shorten(to: 0, &self)
        return close(path[0], &self)
    }
}
