/// How large what strangers give may become. Texts beyond a limit are refused when the grammar is made; while it runs, a byte that
/// would go beyond one is not allowed.
enum Limits {
    /// Bytes of a grammar or a list of choices.
    static let textBytes = 4 << 20
    /// Bytes of a regular expression.
    static let regexBytes = 1 << 19
    /// Patterns of keys in one place: texts are told apart by which of them they match.
    static let keyPatterns = 64
    /// Bytes of the names that lead to a place in a schema.
    static let pathBytes = 1 << 12
    /// Bytes of a schema.
    static let schemaBytes = 1 << 20
    /// Expressions that a grammar comes to.
    static let expressions = 1 << 19
    /// The largest count in `{m,n}`, `minLength` and the like: counted, not copied.
    static let count = 1 << 24
    /// States of a machine for a string or a number.
    static let machineStates = 1 << 14
    /// Alternatives that `anyOf`, `oneOf` and `allOf` multiply to in one place.
    static let alternatives = 512
    /// Alternatives that are looked at in a schema altogether.
    static let schemaSteps = 1 << 20
    /// Values of items of which no two may be the same: each set of them is an expression.
    static let differentItems = 10
    /// Numbers that `not` leaves out in one place.
    static let excludedNumbers = 32
    /// Steps that it may take to find what can follow a byte.
    static let closureSteps = 1 << 18
    /// Levels of a stack.
    static let depth = 1 << 18
}
