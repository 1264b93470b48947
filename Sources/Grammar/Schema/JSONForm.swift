import JSON

/// Spaces between the parts of JSON.
public enum JSONSpacing: Sendable {
    /// None.
    case compact
    /// One after each `:` and `,`, which is how most people write it on a line.
    case spaced
    /// One after each `:` and `,`, or none.
    case either
}

/// JSON texts as expressions. Each value has one spelling, so that equal values are equal texts: characters stand for themselves,
/// except `"`, `\` and controls, which have the shortest escape.
struct JSONForm {
    let spacing: JSONSpacing
    private var anyRule: Int32?

    init(spacing: JSONSpacing) { self.spacing = spacing }

    static let plain = ScalarSet([0...0x1F, 0x22...0x22, 0x5C...0x5C]).inverted

    func after(_ mark: String, _ builder: inout ExpressionBuilder) -> ExpressionID {
        let space = builder.literal(" "), mark = builder.literal(mark)
        switch spacing {
        case .compact: return mark
        case .spaced: return builder.sequence(mark, space)
        case .either: return builder.sequence(mark, builder.optional(space))
        }
    }

    /// One character of a set, as it is written in a string.
    func characters(_ set: ScalarSet, _ builder: inout ExpressionBuilder) -> ExpressionID {
        let plain = builder.characters(set.intersection(Self.plain))
        let escaped = Self.escaped.indices.reduce(UInt64(0)) { $0 | (set.contains(Self.escaped[$1]) ? 1 << UInt64($1) : 0) }
        return escaped == 0 ? plain : builder.choice([plain, escapes(escaped, &builder)])
    }

    /// Characters that have escapes. U+0000 is left out altogether: strings of C end there, so that parsers refuse it.
    private static let escaped = Array(UInt32(1)...0x1F) + [0x22, 0x5C]

    /// The escapes of those of ``escaped`` whose bits are set: their common beginnings are there once.
    private func escapes(_ set: UInt64, _ builder: inout ExpressionBuilder) -> ExpressionID {
        if let known = builder.escapes[set] { return known }
        let words = Self.escaped.indices.filter { set >> UInt64($0) & 1 == 1 }.map { Array(Self.escape(Self.escaped[$0]).utf8) }
        let result = builder.words(words)
        builder.escapes[set] = result
        return result
    }

    private static func escape(_ value: UInt32) -> String {
        switch value {
        case 0x22: return "\\\""
        case 0x5C: return "\\\\"
        case 0x08: return "\\b"
        case 0x09: return "\\t"
        case 0x0A: return "\\n"
        case 0x0C: return "\\f"
        case 0x0D: return "\\r"
        default:
            let digits = String(value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
    }

    /// A string as it is written, in quotes.
    static func text(_ string: String) -> [UInt8] {
        var bytes: [UInt8] = [0x22]
        for scalar in string.unicodeScalars {
            if plain.contains(scalar.value) { bytes += UTF8Ranges.bytes(scalar.value) } else { bytes += escape(scalar.value).utf8 }
        }
        return bytes + [0x22]
    }

    func quoted(_ inner: ExpressionID, _ builder: inout ExpressionBuilder) -> ExpressionID {
        builder.sequence([builder.literal("\""), inner, builder.literal("\"")])
    }

    func string(_ builder: inout ExpressionBuilder, min: Int = 0, max: Int? = nil) -> ExpressionID {
        quoted(builder.repetition(characters(.all, &builder), min: min, max: max), &builder)
    }

    /// A number that a double or a 64-bit integer holds: up to 18 digits, then a fraction, an exponent or both.
    func number(_ builder: inout ExpressionBuilder) -> ExpressionID {
        let digit = builder.characters(ScalarSet([0x30...0x39])), first = builder.characters(ScalarSet([0x31...0x39]))
        let whole = builder.choice([
            builder.literal("0"), builder.sequence(first, builder.repetition(digit, min: 0, max: 17)),
        ])
        let fraction = builder.sequence(builder.literal("."), builder.repetition(digit, min: 1, max: 16))
        let sign = builder.optional(builder.bytes(ByteSet(0x2D))),
            plus = builder.optional(builder.choice([builder.literal("+"), builder.literal("-")]))
        let exponent = builder.sequence([
            builder.choice([builder.literal("e"), builder.literal("E")]), plus, builder.repetition(digit, min: 1, max: 2),
        ])
        return builder.sequence([sign, whole, builder.optional(fraction), builder.optional(exponent)])
    }

    /// Items in brackets, with commas between them.
    func list(_ open: String, _ close: String, _ item: ExpressionID, _ builder: inout ExpressionBuilder) -> ExpressionID {
        let more = builder.repetition(builder.sequence(after(",", &builder), item), min: 0, max: nil)
        return builder.sequence([builder.literal(open), builder.optional(builder.sequence(item, more)), builder.literal(close)])
    }

    /// Any value.
    mutating func any(_ builder: inout ExpressionBuilder) -> ExpressionID {
        if let anyRule { return builder.reference(anyRule) }
        let rule = builder.makeRule("any value"), value = builder.reference(rule)
        anyRule = rule
        let member = builder.sequence([string(&builder), after(":", &builder), value])
        builder.define(
            rule,
            builder.choice([
                builder.literal("null"), builder.literal("true"), builder.literal("false"), string(&builder), number(&builder),
                list("[", "]", value, &builder), list("{", "}", member, &builder),
            ]))
        return value
    }

    /// Exactly this value. Values are no deeper than ``JSONValue/depthLimit``.
    func constant(_ value: JSONValue, _ builder: inout ExpressionBuilder) -> ExpressionID {
        switch value {
        case .null: return builder.literal("null")
        case .bool(let value): return builder.literal(value ? "true" : "false")
        case .integer(let value): return builder.literal(value.description)
        case .real(let value):
            if let whole = Int64(exactly: value), abs(value) < 1e18 { return builder.literal(whole.description) }
            return builder.literal(value.description)
        case .string(let value): return builder.literal(Self.text(value))
        case .array(let elements):
            return joined("[", elements.map { constant($0, &builder) }, "]", &builder)
        case .object(let object):
            let members = object.members.map { member in
                let parts = [builder.literal(Self.text(member.key)), after(":", &builder), constant(member.value, &builder)]
                return builder.sequence(parts)
            }
            return joined("{", members, "}", &builder)
        }
    }

    private func joined(_ open: String, _ items: [ExpressionID], _ close: String, _ builder: inout ExpressionBuilder)
        -> ExpressionID
    {
        var parts = [builder.literal(open)]
        for (index, item) in items.enumerated() {
            if index > 0 { parts.append(after(",", &builder)) }
            parts.append(item)
        }
        return builder.sequence(parts + [builder.literal(close)])
    }

    /// A string that is none of these.
    func string(except names: [String], _ builder: inout ExpressionBuilder) -> ExpressionID {
        let rest = builder.repetition(characters(.all, &builder), min: 0, max: nil)
        let some = builder.repetition(characters(.all, &builder), min: 1, max: nil)
        // Names in order, and a path of the beginnings that are still open; each is closed when no more names begin so.
        struct Beginning {
            var isName = false
            var next: [(scalar: UInt32, rest: ExpressionID)] = []
        }
        func close(_ beginning: Beginning, _ builder: inout ExpressionBuilder) -> ExpressionID {
            if beginning.next.isEmpty { return beginning.isName ? some : rest }
            let others = ScalarSet(beginning.next.map { $0.scalar...$0.scalar }).inverted
            var parts = [builder.sequence(characters(others, &builder), rest)]
            for (scalar, rest) in beginning.next {
                parts.append(builder.sequence(characters(ScalarSet([scalar...scalar]), &builder), rest))
            }
            return builder.choice(parts + (beginning.isName ? [] : [builder.empty]))
        }
        var path = [Beginning()], current: [UInt32] = []
        func shorten(to count: Int, _ builder: inout ExpressionBuilder) {
            while current.count > count {
                let rest = close(path.removeLast(), &builder)
                path[path.count - 1].next.append((current.removeLast(), rest))
            }
        }
        for name in names.map({ $0.unicodeScalars.map(\.value) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            shorten(to: zip(name, current).prefix { $0 == $1 }.count, &builder)
            for scalar in name[current.count...] {
                current.append(scalar)
                path.append(Beginning())
            }
            path[path.count - 1].isName = true
        }
        shorten(to: 0, &builder)
        return quoted(close(path[0], &builder), &builder)
    }
}
