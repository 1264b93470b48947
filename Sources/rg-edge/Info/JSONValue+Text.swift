import JSON

extension JSONValue {
    /// The value as one line, its line break included.
    var line: String { String(decoding: serialized(), as: UTF8.self) + "\n" }

    /// The value on indented lines.
    var text: String { String(decoding: serialized(indented: true), as: UTF8.self) }
}
