extension JSONValue {
    /// The value as UTF-8 text: on one line, or `indented` by two spaces per level and ended by a newline.
    ///
    /// Reals are written in the fewest digits that read back as the same number (jansson writes 17, so 1e-06 would become
    /// 9.9999999999999995e-07); those that JSON can't express, infinities and NaN, become `null`.
    public func serialized(indented: Bool = false) -> [UInt8] {
        var text: [UInt8] = []
        append(to: &text, level: indented ? 0 : nil)
        if indented { text.append(UInt8(ascii: "\n")) }
        return text
    }

    /// `level` is nil for text on one line.
    private func append(to text: inout [UInt8], level: Int?) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .real(let value): text += (value.isFinite ? value.description : "null").utf8
        case .string(let value): JSONValue.append(value, to: &text)
        case .array(let elements):
            JSONValue.appendList(elements, between: "[]", to: &text, level: level) { element, text, level in
                element.append(to: &text, level: level)
            }
        case .object(let object):
            JSONValue.appendList(object.members, between: "{}", to: &text, level: level) { member, text, level in
                JSONValue.append(member.key, to: &text)
                text += (level == nil ? ":" : ": ").utf8
                member.value.append(to: &text, level: level)
            }
        }
    }

    private static func appendList<Item>(
        _ items: [Item], between brackets: String, to text: inout [UInt8], level: Int?,
        append: (Item, inout [UInt8], Int?) -> Void
    ) {
        func newLine(_ level: Int?) {
            guard let level else { return }
            text.append(UInt8(ascii: "\n"))
            text += repeatElement(UInt8(ascii: " "), count: 2 * level)
        }
        text += brackets.utf8.prefix(1)
        let inner = level.map { $0 + 1 }
        for (index, item) in items.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            newLine(inner)
            append(item, &text, inner)
        }
        if !items.isEmpty { newLine(level) }
        text += brackets.utf8.suffix(1)
    }

    /// Appends a string in quotes, with the escapes that JSON demands.
    private static func append(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): text += "\\n".utf8
            case UInt8(ascii: "\t"): text += "\\t".utf8
            case UInt8(ascii: "\r"): text += "\\r".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                text += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
