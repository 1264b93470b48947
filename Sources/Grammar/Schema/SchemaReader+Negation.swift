import JSON

extension SchemaReader {
    /// Keywords in schemas that are made of others: strings that match no such pattern, and values that are left out.
    static let otherPattern = " not pattern", excluded = " excluded"

    /// What must hold where a schema doesn't: of several lists of schemas all those of one. One demand at least is broken, so there is a
    /// list for each.
    func negations(of part: SchemaPart) throws(GrammarError) -> [[SchemaPart]] {
        guard case .object(let whole) = part.value else {
            if case .bool(let value) = part.value { return value ? [] : [[]] }
            throw part.error("is no schema", advice: "schemas are objects, true or false")
        }
        var result: [[SchemaPart]] = []
        let object = demands(whole)
        for member in object.members { result += try broken(member, object, part) }
        return result
    }

    private func broken(_ member: JSONObject.Member, _ object: JSONObject, _ part: SchemaPart) throws(GrammarError)
        -> [[SchemaPart]]
    {
        let here = part.child(member.key, value: member.value)
        func only(_ type: String, _ key: String, _ value: JSONValue) -> [[SchemaPart]] {
            [[part.derived("not " + member.key, [("type", .string(type)), (key, value)])]]
        }
        /// Less than a least count, or more than a largest one.
        func count(_ type: String, _ key: String, by difference: Int) throws(GrammarError) -> [[SchemaPart]] {
            let count = try Self.count(here) + difference
            guard count <= Limits.count else {
                throw here.error("is \(Limits.count), the largest count", advice: "make it smaller")
            }
            return count < 0 ? [] : only(type, key, .integer(Int64(count)))
        }
        switch member.key {
        case "type":
            let types = SchemaTypes.all.subtracting(try types(here))
            return [[part.derived("not type", [("type", .array(types.names))])]]
        case "enum", "const":
            let values = member.key == "const" ? [member.value] : member.value.arrayValue
            guard let values else { throw here.error("is no list") }
            return [[part.derived("not " + member.key, [(Self.excluded, .array(values))])]]
        case "minimum": return only("number", object["exclusiveMinimum"] == true ? "maximum" : "exclusiveMaximum", member.value)
        case "maximum": return only("number", object["exclusiveMaximum"] == true ? "minimum" : "exclusiveMinimum", member.value)
        case "exclusiveMinimum": return member.value == true || member.value == false ? [] : only("number", "maximum", member.value)
        case "exclusiveMaximum": return member.value == true || member.value == false ? [] : only("number", "minimum", member.value)
        case "minLength": return try count("string", "maxLength", by: -1)
        case "maxLength": return try count("string", "minLength", by: 1)
        case "minItems": return try count("array", "maxItems", by: -1)
        case "maxItems": return try count("array", "minItems", by: 1)
        case "minProperties": return try count("object", "maxProperties", by: -1)
        case "maxProperties": return try count("object", "minProperties", by: 1)
        case "pattern": return only("string", Self.otherPattern, member.value)
        case "required": return Self.required(part).map { [Self.without($0, part)] }
        case "properties":
            return (member.value.objectValue?.members ?? []).map { [Self.with($0.key, otherThan: $0.value, part)] }
        case "$ref": return [[try resolve(here).negated]]
        case "not": return [[here]]
        case "allOf": return try list(member.value, member.key, part).map { [$0.negated] }
        case "anyOf": return [try list(member.value, member.key, part).map(\.negated)]
        case "if":
            var result: [[SchemaPart]] = []
            if let then = object["then"] { result.append([here, part.child("then", value: then).negated]) }
            if let other = object["else"] { result.append([here.negated, part.child("else", value: other).negated]) }
            return result
        default:
            try refuseUnsupported(here, member.key)
            let isRemark = member.key == "format" && !options.assertsFormats
            let holdsAlways = Self.ofSchemas.contains(member.key) && (member.value == true || member.value == .object(JSONObject()))
            guard Self.withoutOpposite.contains(member.key), !isRemark, !holdsAlways else { return [] }
            throw here.error(
                "is not supported inside of not, if and alternatives of oneOf that may both hold", advice: "say it without them")
        }
    }

    /// Demands that have no opposite here.
    private static let withoutOpposite: Set = [
        "oneOf", "additionalProperties", "items", "propertyNames", "patternProperties", "prefixItems", "multipleOf", "format",
        "dependentRequired", "dependentSchemas", "dependencies", "uniqueItems",
    ]
    /// Those of them that demand nothing with a schema that demands nothing.
    private static let ofSchemas: Set = ["additionalProperties", "items", "propertyNames"]

    /// An object that has not this property.
    private static func without(_ name: String, _ part: SchemaPart) -> SchemaPart {
        let properties = JSONObject([JSONObject.Member(key: name, value: false)])
        return part.derived("without " + name, [("type", "object"), ("properties", .object(properties))])
    }

    /// An object whose property has a value that a schema doesn't allow.
    private static func with(_ name: String, otherThan schema: JSONValue, _ part: SchemaPart) -> SchemaPart {
        let other = JSONValue.object(JSONObject([JSONObject.Member(key: "not", value: schema)]))
        let properties = JSONObject([JSONObject.Member(key: name, value: other)])
        return part.derived(
            "with other " + name,
            [("type", "object"), ("required", .array([.string(name)])), ("properties", .object(properties))])
    }

    // MARK: - Conditions

    /// The alternatives of `if`: where it holds `then` must hold, and else `else`.
    func conditions(_ object: JSONObject, _ part: SchemaPart) -> [[SchemaPart]] {
        guard let condition = object["if"], object["then"] != nil || object["else"] != nil else { return [[]] }
        let here = part.child("if", value: condition)
        let then = object["then"].map { part.child("then", value: $0) },
            other = object["else"].map { part.child("else", value: $0) }
        return [[here] + (then.map { [$0] } ?? []), [here.negated] + (other.map { [$0] } ?? [])]
    }

    /// For each property that others depend on: it is missing, or what it asks for holds.
    func dependencies(_ object: JSONObject, _ part: SchemaPart) throws(GrammarError) -> [[[SchemaPart]]] {
        var result: [[[SchemaPart]]] = []
        for key in ["dependentRequired", "dependentSchemas", "dependencies"] {
            guard let value = object[key] else { continue }
            let here = part.child(key, value: value)
            guard let members = value.objectValue?.members else { throw here.error("is no object") }
            for member in members {
                let without = JSONObject([JSONObject.Member(key: member.key, value: false)])
                let absent = part.derived("no \(key) of \(member.key)", [("properties", .object(without))])
                let isList = member.value.arrayValue != nil
                let names = [.string(member.key)] + (member.value.arrayValue ?? [])
                let present = part.derived("\(key) of \(member.key)", [("required", .array(names))])
                result.append([[absent], [present] + (isList ? [] : [here.child(member.key, value: member.value)])])
            }
        }
        return result
    }
}
