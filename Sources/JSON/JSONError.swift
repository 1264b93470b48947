/// Why a text is not JSON.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// From 1 on; 0 where no place can be named.
    public let line: Int
    /// Characters into the line, from 1 on; 0 where no place can be named.
    public let column: Int
    /// What is wrong, in a clause.
    public let message: String

    public var description: String {
        line > 0 ? "not valid JSON: \(message) (line \(line), column \(column))" : "not valid JSON: \(message)"
    }
}
