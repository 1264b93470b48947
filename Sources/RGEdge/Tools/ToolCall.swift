import JSON

/// A function's call, as a model made it.
public struct ToolCall: Hashable, Sendable {
    /// The function's name.
    public var name: String
    /// Its arguments: the text of a JSON object, as the model wrote it.
    public var arguments: String

    /// A call of a function.
    public init(name: String, arguments: String) {
        self.name = name
        self.arguments = arguments
    }

    /// Reads an answer under ``Constraint/Form/call(_:_:)``, if it is a call and whole; nil for words, and for one that was cut short.
    ///
    /// Such an answer has one spelling, so the arguments are cut out of it, and keep their digits and escapes.
    public init?(answer: String) {
        let bytes = Array(answer.utf8), start = Array(#"{"name": "#.utf8), middle = Array(#", "arguments": "#.utf8)
        guard bytes.starts(with: start), let nameEnd = Self.end(of: bytes, from: start.count),
            bytes[nameEnd...].starts(with: middle), let name = try? JSONValue(parsing: Array(bytes[start.count..<nameEnd])),
            case .string(let text) = name
        else { return nil }
        let first = nameEnd + middle.count
        guard let end = Self.end(of: bytes, from: first), bytes[end...].elementsEqual([UInt8(ascii: "}")]) else { return nil }
        self.init(name: text, arguments: String(decoding: bytes[first..<end], as: UTF8.self))
    }

    /// Where the string or the object that begins at a byte ends; nil if it doesn't.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0, isInString = false, index = start
        while index < bytes.count {
            switch (bytes[index], isInString) {
            case (UInt8(ascii: "\\"), true): index += 1
            case (UInt8(ascii: "\""), _): isInString.toggle()
            case (UInt8(ascii: "{"), false), (UInt8(ascii: "["), false): depth += 1
            case (UInt8(ascii: "}"), false), (UInt8(ascii: "]"), false): depth -= 1
            default: break
            }
            index += 1
            if depth == 0, !isInString { return index <= bytes.count ? index : nil }
        }
        return nil
    }
}
