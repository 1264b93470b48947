import JSON

/// Says whether a value follows a schema: for `enum` and `const`, whose values must meet the other demands too.
struct SchemaCheck {
    let reader: SchemaReader

    /// Those of some values for which all of several schemas hold.
    func filter(_ values: ValueList, _ parts: [SchemaPart]) throws(GrammarError) -> [JSONValue] {
        var left = values.values
        for part in parts {
            let shapes = try reader.shapes(of: [part])
            var next: [JSONValue] = []
            for value in left where try holds(shapes, value) { next.append(value) }
            left = next
        }
        return left
    }

    /// Whether all of a schema holds. Goes down the value and its schema together; as deep as values are at most.
    func holds(_ part: SchemaPart, _ value: JSONValue) throws(GrammarError) -> Bool {
        try holds(reader.shapes(of: [part]), value)
    }

    private func holds(_ shapes: [SchemaShape], _ value: JSONValue) throws(GrammarError) -> Bool {
        for shape in shapes {
            try reader.work.take()
            if try holds(shape, value) { return true }
        }
        return false
    }

    private func holds(_ shape: SchemaShape, _ value: JSONValue) throws(GrammarError) -> Bool {
        guard shape.types.contains(SchemaTypes(value)) else { return false }
        if shape.excluded.contains(value) { return false }
        if let values = shape.values, !values.contains(value) { return false }
        switch value {
        case .integer, .real: return isWithin(shape.numbers, value)
        case .string(let text):
            let count = text.unicodeScalars.count
            guard count >= shape.minLength, count <= shape.maxLength ?? .max else { return false }
            for (regex, part) in shape.patterns where try !matches(regex, text, part) { return false }
            for (regex, part) in shape.otherPatterns where try matches(regex, text, part) { return false }
            for (name, part) in shape.formats {
                switch SchemaFormats.meaning(name) {
                case .regex(let regex): guard try matches("^(?:\(regex))$", text, part) else { return false }
                case .remark: break
                case .unsupported: throw part.error("is a format that is not supported")
                }
            }
            return true
        case .array(let elements):
            for part in shape.arrays where try !holds(part, elements) { return false }
            return true
        case .object(let object):
            for part in shape.objects where try !holds(part, object) { return false }
            return true
        case .null, .bool: return true
        }
    }

    private func isWithin(_ rules: NumberRules, _ value: JSONValue) -> Bool {
        guard let number = Decimal(value) else { return false }
        if let low = rules.low {
            let order = number.compared(to: low.value)
            if order < 0 || order == 0 && low.isExclusive { return false }
        }
        if let high = rules.high {
            let order = number.compared(to: high.value)
            if order > 0 || order == 0 && high.isExclusive { return false }
        }
        return rules.multiples.allSatisfy { number.isMultiple(of: $0) == true }
    }

    private func holds(_ part: SchemaPart, _ elements: [JSONValue]) throws(GrammarError) -> Bool {
        let items = SchemaItems(part)
        if let least = part.value["minItems"]?.intValue, elements.count < least { return false }
        if let most = part.value["maxItems"]?.intValue, elements.count > most { return false }
        if part.value["uniqueItems"] == true {
            guard ValueList(elements).count == elements.count else { return false }
        }
        for (index, element) in elements.enumerated() {
            if let schema = index < items.first.count ? items.first[index] : items.rest, try !holds(schema, element) {
                return false
            }
        }
        return true
    }

    private func holds(_ part: SchemaPart, _ object: JSONObject) throws(GrammarError) -> Bool {
        for name in SchemaReader.required(part) where object[name] == nil { return false }
        if let least = part.value["minProperties"]?.intValue, object.members.count < least { return false }
        if let most = part.value["maxProperties"]?.intValue, object.members.count > most { return false }
        let patterns = part.value["patternProperties"]?.objectValue?.members ?? []
        for member in object.members {
            if let keys = part.value["propertyNames"] {
                guard try holds(part.child("propertyNames", value: keys), .string(member.key)) else { return false }
            }
            var isNamed = false
            if let schema = part.value["properties"]?[member.key] {
                isNamed = true
                guard try holds(part.child("properties", member.key, value: schema), member.value) else { return false }
            }
            for pattern in patterns {
                let schema = part.child("patternProperties", pattern.key, value: pattern.value)
                guard try matches(pattern.key, member.key, schema) else { continue }
                isNamed = true
                guard try holds(schema, member.value) else { return false }
            }
            guard !isNamed, let schema = part.value["additionalProperties"] else { continue }
            guard try holds(part.child("additionalProperties", value: schema), member.value) else { return false }
        }
        return true
    }

    /// Whether a part of a text matches.
    func matches(_ regex: String, _ text: String, _ place: SchemaPart) throws(GrammarError) -> Bool {
        try reader.tests.matches(regex, text) { () throws(GrammarError) in
            var compiler = SchemaCompiler(reader: reader)
            let inner = try compiler.expression(compiler.tree(regex, place), .part, place)
            let root = compiler.form.quoted(inner, &compiler.builder)
            do throws(GrammarError) { return try Grammar(compiler.builder, root: root) } catch {
                guard error == Program.matchesNothing else { throw error }
                return nil
            }
        }
    }
}
