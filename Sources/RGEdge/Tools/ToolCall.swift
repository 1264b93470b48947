import JSON

/// A function's call, as a model made it.
public struct ToolCall: Hashable, Sendable {
    /// The function's name.
    public var name: String
    /// Its arguments: a JSON object.
    public var arguments: String

    /// A call of a function.
    public init(name: String, arguments: String) {
        self.name = name
        self.arguments = arguments
    }

    /// Reads an answer under a constraint for calls, if it is a call and whole; nil for words.
    public init?(answer: String) {
        guard answer.utf8.first == UInt8(ascii: "{"), let value = try? JSONValue(parsing: Array(answer.utf8)),
            case .object(let object) = value, case .string(let name)? = object["name"], let arguments = object["arguments"]
        else { return nil }
        self.init(name: name, arguments: String(decoding: arguments.serialized(), as: UTF8.self))
    }
}
