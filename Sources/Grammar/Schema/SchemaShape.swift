import JSON

/// A place in a schema.
struct SchemaPart: Sendable {
    var value: JSONValue
    /// JSON pointer, without the `#`.
    var path: String
    /// Whether it must not hold.
    var isNegated = false
    /// Of a part that was made of another one: how. Empty for those that stand in the schema.
    var mark = ""

    /// Differs from that of every other part.
    var key: String { (isNegated ? "!" : "") + path + "\0" + mark }

    /// What holds where this doesn't.
    var negated: SchemaPart {
        var copy = self
        copy.isNegated.toggle()
        return copy
    }

    /// A schema made of this one. The marks of those that are made of the same must differ.
    func derived(_ mark: String, _ members: [(String, JSONValue)]) -> SchemaPart {
        let object = JSONObject(members.map { JSONObject.Member(key: $0.0, value: $0.1) })
        return SchemaPart(value: .object(object), path: path, mark: self.mark + " " + mark)
    }

    func child(_ keys: String..., value: JSONValue) -> SchemaPart {
        let escaped = keys.map { $0.parts(separatedBy: "~").joined(separator: "~0") }
            .map { $0.parts(separatedBy: "/").joined(separator: "~1") }
        return SchemaPart(value: value, path: escaped.reduce(path) { $0 + "/" + $1 }, mark: mark)
    }

    func error(_ problem: String, advice: String = "") -> GrammarError { GrammarError(.path("#" + path), problem, advice: advice) }
}

/// The types of JSON; numbers in two halves, the whole ones and the others.
struct SchemaTypes: OptionSet, Sendable {
    var rawValue: UInt8

    static let null = SchemaTypes(rawValue: 1)
    static let boolean = SchemaTypes(rawValue: 2)
    static let integer = SchemaTypes(rawValue: 4)
    static let fraction = SchemaTypes(rawValue: 8)
    static let string = SchemaTypes(rawValue: 16)
    static let array = SchemaTypes(rawValue: 32)
    static let object = SchemaTypes(rawValue: 64)
    static let all = SchemaTypes(rawValue: 127)

    /// What ``fraction`` is called in schemas that are made of others.
    static let fractionName = " fraction"

    /// Names that together mean these types.
    var names: [JSONValue] {
        let names: [(SchemaTypes, String)] = [
            (.null, "null"), (.boolean, "boolean"), (.integer, "integer"), (.fraction, Self.fractionName), (.string, "string"),
            (.array, "array"), (.object, "object"),
        ]
        return names.filter { contains($0.0) }.map { .string($0.1) }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(name: String) {
        switch name {
        case "null": self = .null
        case "boolean": self = .boolean
        case "integer": self = .integer
        case "number": self = [.integer, .fraction]
        case "string": self = .string
        case "array": self = .array
        case "object": self = .object
        // Only in schemas that are made of others.
        case Self.fractionName: self = .fraction
        default: return nil
        }
    }

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .integer: self = .integer
        case .real(let number): self = number == number.rounded() ? .integer : .fraction
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }
}

/// Demands that are all to be met: schemas that were merged, one alternative of each `anyOf` and `oneOf` chosen.
struct SchemaShape: Sendable {
    var types = SchemaTypes.all
    /// The only values, as `enum` and `const` have them.
    var values: ValueList?
    /// Values that are left out.
    var excluded = ValueList()
    /// Where the last of these come from, for messages.
    var excludedPlace: SchemaPart?
    var numbers = NumberRules()
    /// Where the last `multipleOf` stands, for messages.
    var multiplePlace: SchemaPart?
    var minLength = 0
    var maxLength: Int?
    var patterns: [(regex: String, part: SchemaPart)] = []
    /// Patterns that no string may match.
    var otherPatterns: [(regex: String, part: SchemaPart)] = []
    var formats: [(name: String, part: SchemaPart)] = []
    /// Schemas that say something about objects, and about arrays.
    var objects: [SchemaPart] = []
    var arrays: [SchemaPart] = []
}
