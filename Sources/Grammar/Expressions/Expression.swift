/// The number of an expression in its grammar. Parts have smaller numbers than what they are part of; only rules refer onward.
typealias ExpressionID = Int32

/// A part of a grammar: a set of byte strings.
enum Expression: Hashable, Sendable {
    /// The empty string alone.
    case empty
    /// No string at all.
    case never
    /// One byte of a set.
    case bytes(ByteSet)
    /// One after the other.
    case sequence(ExpressionID, ExpressionID)
    /// Any one of them.
    case choice([ExpressionID])
    /// From `min` to `max` times the same; `max` is nil where there is no end. Counted, not copied.
    case repetition(ExpressionID, min: Int32, max: Int32?)
    /// The body of a rule.
    case rule(Int32)
    /// What a machine matches from one of its states on.
    case machine(Int32, state: Int32)
}
