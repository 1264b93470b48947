/// A regular expression, taken apart.
struct RegexTree: Sendable {
    enum Node: Sendable {
        case empty
        /// One character of a set.
        case characters(ScalarSet)
        case sequence([Int])
        case choice([Int])
        /// `max` is nil where there is no end.
        case repetition(Int, min: Int, max: Int?)
        /// `^`: the text begins here.
        case start
        /// `$`: the text ends here.
        case end
    }

    /// Parts come before what they are part of; the last is the whole.
    var nodes: [Node] = []

    mutating func add(_ node: Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }
}
