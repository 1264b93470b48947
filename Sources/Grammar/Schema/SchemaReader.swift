import JSON

/// Takes schemas apart: resolves references, merges `allOf`, multiplies `anyOf` and `oneOf` out.
struct SchemaReader {
    let root: JSONValue
    let options: JSONSchemaOptions
    /// What references lead to.
    private let resources: SchemaResources
    /// Whether a `$ref` stands for all of its schema, as until draft 7, and what is beside it says nothing.
    let refStandsAlone: Bool
    let work = SchemaWork()
    let tests = PatternTests()

    init(_ root: JSONValue, options: JSONSchemaOptions) {
        self.root = root
        self.options = options
        let dialect = root["$schema"]?.stringValue ?? ""
        refStandsAlone = ["/draft-04/", "/draft-05/", "/draft-06/", "/draft-07/"].contains { dialect.has($0) }
        let idName = dialect.has("/draft-04/") ? "id" : "$id"
        resources = SchemaResources(root, isOld: refStandsAlone, idName: idName)
    }

    /// Keywords that demand something and are not supported.
    private static let unsupported: Set = [
        "contains", "unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef", "extends", "disallow",
    ]

    /// The members of a schema that count.
    func demands(_ object: JSONObject) -> JSONObject {
        guard refStandsAlone, let reference = object["$ref"] else { return object }
        return JSONObject([JSONObject.Member(key: "$ref", value: reference)])
    }

    func refuseUnsupported(_ part: SchemaPart, _ key: String) throws(GrammarError) {
        guard Self.unsupported.contains(key) else { return }
        throw part.error("is not supported", advice: "leave it out, and check the result, or say it otherwise")
    }

    /// What is left to merge for one alternative.
    private struct Draft {
        var shape = SchemaShape()
        var pending: [SchemaPart]
        var seen: Set<String> = []

        func adding(_ parts: [SchemaPart]) -> Draft {
            var copy = self
            copy.pending += parts.reversed()
            return copy
        }
    }

    /// The alternatives of schemas that must all hold. `depth` counts `oneOf` in each other.
    func shapes(of parts: [SchemaPart], depth: Int = 0) throws(GrammarError) -> [SchemaShape] {
        var drafts = [Draft(pending: parts.reversed())], shapes: [SchemaShape] = []
        while var draft = drafts.popLast() {
            guard let part = draft.pending.popLast() else {
                shapes.append(draft.shape)
                continue
            }
            guard shapes.count + drafts.count < Limits.alternatives else {
                throw part.error("comes to more than \(Limits.alternatives) alternatives", advice: "use fewer anyOf in allOf")
            }
            try work.take()
            guard draft.seen.insert(part.key).inserted else {
                drafts.append(draft)
                continue
            }
            if part.isNegated {
                try multiply([draft], by: negations(of: part), part, into: &drafts)
                continue
            }
            switch part.value {
            case .bool(true): drafts.append(draft)
            case .bool(false): continue
            case .object(let whole):
                let object = demands(whole)
                try add(object, part, to: &draft)
                if object.members.contains(where: { Self.branching.contains($0.key) }) {
                    try branch(object, part, draft, depth, into: &drafts)
                } else {
                    drafts.append(draft)
                }
            default: throw part.error("is no schema", advice: "schemas are objects, true or false")
            }
        }
        return shapes.filter { !$0.types.isEmpty }
    }

    /// Keywords that ``branch`` reads.
    private static let branching: Set = [
        "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "dependencies",
    ]

    /// Adds the drafts that a draft and the alternatives of a schema come to.
    private func branch(
        _ object: JSONObject, _ part: SchemaPart, _ draft: Draft, _ depth: Int, into drafts: inout [Draft]
    ) throws(GrammarError) {
        var results = [draft]
        func multiply(by choices: [[SchemaPart]]) throws(GrammarError) {
            var next: [Draft] = []
            try self.multiply(results, by: choices, part, into: &next)
            results = next.reversed()
        }
        if let value = object["anyOf"] { try multiply(by: list(value, "anyOf", part).map { [$0] }) }
        if let value = object["oneOf"] { try multiply(by: exclusiveChoices(list(value, "oneOf", part), part, depth)) }
        if let value = object["not"] { results = results.map { $0.adding([part.child("not", value: value).negated]) } }
        for choices in try [conditions(object, part)] + dependencies(object, part) { try multiply(by: choices) }
        drafts += results.reversed()
    }

    /// Adds each draft with each list of further schemas; the last ones first.
    private func multiply(
        _ results: [Draft], by choices: [[SchemaPart]], _ part: SchemaPart, into drafts: inout [Draft]
    ) throws(GrammarError) {
        guard results.count * choices.count <= Limits.alternatives else {
            throw part.error(
                "comes to more than \(Limits.alternatives) alternatives", advice: "use fewer anyOf, oneOf, not and if in allOf")
        }
        for result in results.reversed() { drafts += choices.reversed().map { result.adding($0) } }
    }

    static func required(_ part: SchemaPart) -> [String] { (part.value["required"]?.arrayValue ?? []).compactMap(\.stringValue) }

    func list(_ value: JSONValue, _ key: String, _ part: SchemaPart) throws(GrammarError) -> [SchemaPart] {
        guard let elements = value.arrayValue, !elements.isEmpty else {
            throw part.child(key, value: value).error("is no list of schemas", advice: "give one schema at least")
        }
        return elements.enumerated().map { part.child(key, String($0), value: $1) }
    }

    // MARK: - Keywords

    private func add(_ object: JSONObject, _ part: SchemaPart, to draft: inout Draft) throws(GrammarError) {
        for member in object.members {
            let here = part.child(member.key, value: member.value)
            switch member.key {
            case "type": draft.shape.types.formIntersection(try types(here))
            case "enum":
                guard let values = member.value.arrayValue else { throw here.error("is no list") }
                try restrict(&draft.shape, to: values, here)
            case "const": try restrict(&draft.shape, to: [member.value], here)
            case "$ref": draft.pending.append(try resolve(here))
            case "allOf": draft.pending += try list(member.value, member.key, part).reversed()
            // In draft 4 the exclusive forms say whether the others are.
            case "exclusiveMinimum" where member.value == true || member.value == false: break
            case "exclusiveMaximum" where member.value == true || member.value == false: break
            case "minimum":
                draft.shape.numbers.add(low: .init(value: try least(here), isExclusive: object["exclusiveMinimum"] == true))
            case "maximum":
                draft.shape.numbers.add(high: .init(value: try most(here), isExclusive: object["exclusiveMaximum"] == true))
            case "exclusiveMinimum": draft.shape.numbers.add(low: .init(value: try least(here), isExclusive: true))
            case "exclusiveMaximum": draft.shape.numbers.add(high: .init(value: try most(here), isExclusive: true))
            case "multipleOf":
                draft.shape.numbers.multiples.append(try decimal(here))
                draft.shape.multiplePlace = here
            case "minLength": draft.shape.minLength = max(draft.shape.minLength, try Self.count(here))
            case "maxLength": draft.shape.maxLength = min(draft.shape.maxLength ?? .max, try Self.count(here))
            case "pattern":
                guard let regex = member.value.stringValue else { throw here.error("is no string") }
                draft.shape.patterns.append((regex, here))
            case "format":
                guard let name = member.value.stringValue else { throw here.error("is no name of a format") }
                guard options.assertsFormats else { break }
                draft.shape.formats.append((name, here))
            case "required":
                // In draft 3 it was a boolean of the property.
                guard let names = member.value.arrayValue, names.allSatisfy({ $0.stringValue != nil }) else {
                    throw here.error("is no list of names", advice: "give the names of properties to the object that has them")
                }
            case "uniqueItems":
                guard member.value == true || member.value == false else { throw here.error("is neither true nor false") }
            case "$schema"
            where ["/draft-00/", "/draft-01/", "/draft-02/", "/draft-03/"].contains {
                member.value.stringValue?.has($0) == true
            }: throw here.error("is a draft whose words mean something else", advice: "write it by draft 4 or later")
            case "$schema" where member.value.stringValue?.has("json-schema.org/") != true:
                throw here.error("is a dialect that is not known", advice: "leave it out for draft 2020-12")
            case Self.otherPattern where !part.mark.isEmpty:
                guard let regex = member.value.stringValue else { throw part.error("is no string") }
                draft.shape.otherPatterns.append((regex, part))
            case Self.excluded where !part.mark.isEmpty:
                draft.shape.excluded.insert(member.value.arrayValue ?? [])
                draft.shape.excludedPlace = part
            default: try refuseUnsupported(here, member.key)
            }
        }
        let keys = Set(object.members.map(\.key))
        let ofObjects: Set = [
            "properties", "required", "additionalProperties", "patternProperties", "minProperties", "maxProperties",
            "propertyNames",
        ]
        if !keys.isDisjoint(with: ofObjects) { draft.shape.objects.append(part) }
        if !keys.isDisjoint(with: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]) {
            draft.shape.arrays.append(part)
        }
    }

    private func restrict(_ shape: inout SchemaShape, to values: [JSONValue], _ part: SchemaPart) throws(GrammarError) {
        guard !values.contains(where: \.hasLostDigits) else { throw Self.lostDigits(part) }
        let new = ValueList(values)
        if shape.values == nil { shape.values = new } else { shape.values?.formIntersection(new) }
    }

    func types(_ part: SchemaPart) throws(GrammarError) -> SchemaTypes {
        var types: SchemaTypes = []
        for name in part.value.arrayValue ?? [part.value] {
            guard let text = name.stringValue, let type = SchemaTypes(name: text),
                text != SchemaTypes.fractionName || !part.mark.isEmpty
            else {
                throw part.error("is no type", advice: "there are null, boolean, integer, number, string, array and object")
            }
            types.formUnion(type)
        }
        return types
    }

    private func decimal(_ part: SchemaPart) throws(GrammarError) -> Decimal {
        guard let value = Decimal(part.value) else { throw part.error("is no number") }
        guard !part.value.hasLostDigits else { throw Self.lostDigits(part) }
        return value
    }

    /// A largest value. Of one that is too large to have kept its digits, what is certainly below it.
    private func most(_ part: SchemaPart) throws(GrammarError) -> Decimal {
        guard case .real(let value) = part.value, value >= JSONValue.exactLimit else { return try decimal(part) }
        return Decimal(UInt64(exactly: value.nextDown) ?? .max, isNegative: false)
    }

    /// A least value, in the same way.
    private func least(_ part: SchemaPart) throws(GrammarError) -> Decimal {
        guard case .real(let value) = part.value, -value >= JSONValue.exactLimit else { return try decimal(part) }
        return Decimal(UInt64(exactly: (-value).nextDown) ?? .max, isNegative: true)
    }

    private static func lostDigits(_ part: SchemaPart) -> GrammarError {
        part.error(
            "has a whole number that is not kept exactly: of 2^53 or more, with an exponent or in a schema with one beyond 64 bits",
            advice: "use smaller ones")
    }

    /// A number of characters, items or properties.
    static func count(_ part: SchemaPart) throws(GrammarError) -> Int {
        guard let count = part.value.intValue, count >= 0 else { throw part.error("is no whole number from 0 on") }
        guard count <= Limits.count else { throw part.error("is above \(Limits.count)", advice: "make it smaller") }
        return count
    }

    // MARK: - References

    func resolve(_ part: SchemaPart) throws(GrammarError) -> SchemaPart {
        guard let reference = part.value.stringValue else { throw part.error("is no string") }
        guard let found = resources.find(reference, at: part.path) else {
            throw part.error("leads to no schema in this one", advice: "copy what it means into $defs, and refer to that")
        }
        var place = found.part
        for token in found.pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let key = Self.unescaped(token) else { throw part.error("is no JSON pointer") }
            let value =
                place.value.arrayValue.flatMap { array in Int(key).flatMap { array.indices.contains($0) ? array[$0] : nil } }
                ?? place.value[key]
            guard let value else { throw part.error("leads to nothing", advice: "correct the path, or add what it names") }
            place = place.child(key, value: value)
        }
        return place
    }

    /// A token of a JSON pointer in a URI.
    private static func unescaped(_ token: Substring) -> String? {
        var bytes: [UInt8] = [], rest = Array(token.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.parts(separatedBy: "~1").joined(separator: "/").parts(separatedBy: "~0").joined(separator: "~")
    }
}
