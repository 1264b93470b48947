/// Why a text is not JSON.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// From 1 on; 0 where no place can be named.
    public let line: Int
    /// Characters into the line, from 1 on; 0 where no place can be named.
    public let column: Int
    /// What is wrong, in a clause.
    public let message: String
    /// True if the text is not at fault: there was no memory to read it.
    public let isMemory: Bool

    init(line: Int, column: Int, message: String, isMemory: Bool = false) {
        self.line = line
        self.column = column
        self.message = message
        self.isMemory = isMemory
    }

    static let noMemory = JSONError(line: 0, column: 0, message: "no memory", isMemory: true)

    /// What is wrong and where, in a clause.
    public var description: String {
        if isMemory { return "no memory to read it" }
        return line > 0 ? "not valid JSON: \(message) (line \(line), column \(column))" : "not valid JSON: \(message)"
    }
}
