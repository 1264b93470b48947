import JSON

extension SchemaCompiler {
    /// What several schemas say about the properties of one object.
    private struct Properties {
        /// In the order of the schemas, then those that are only required.
        var names: [String] = []
        var required: Set<String> = []
        var least = 0
        var most: Int?
        /// The pattern of keys, and the schema of their values, if there is one.
        var pattern: (regex: String, part: SchemaPart)?
        /// Whether others than the declared may be there.
        var isOpen = true
    }

    mutating func object(_ parts: [SchemaPart]) throws(GrammarError) -> ExpressionID {
        let properties = try read(parts)
        var values: [ExpressionID] = []
        for name in properties.names {
            let schemas = parts.compactMap { part in
                part.value["properties"]?[name].map { part.child("properties", name, value: $0) }
                    ?? part.value["additionalProperties"].map { part.child("additionalProperties", value: $0) }
            }
            values.append(value(schemas))
        }
        let extra = try extra(parts, properties)
        return try members(properties, values, extra)
    }

    private func read(_ parts: [SchemaPart]) throws(GrammarError) -> Properties {
        var result = Properties(), known: Set<String> = [], saysOthers = false, declares = false
        for part in parts {
            if let value = part.value["properties"] {
                guard let object = value.objectValue else { throw part.child("properties", value: value).error("is no object") }
                declares = true
                for member in object.members where known.insert(member.key).inserted { result.names.append(member.key) }
            }
            if let value = part.value["patternProperties"] {
                let place = part.child("patternProperties", value: value)
                guard let object = value.objectValue else { throw place.error("is no object") }
                declares = true
                for member in object.members {
                    guard result.pattern == nil else {
                        throw place.error(
                            "more than one pattern is not supported", advice: "join them in one, if their schemas are the same")
                    }
                    result.pattern = (member.key, place.child(member.key, value: member.value))
                }
            }
            if part.value["additionalProperties"] != nil { saysOthers = true }
            if let value = part.value["minProperties"] {
                result.least = max(result.least, try SchemaReader.count(part.child("minProperties", value: value)))
            }
            if let value = part.value["maxProperties"] {
                result.most = min(result.most ?? .max, try SchemaReader.count(part.child("maxProperties", value: value)))
            }
        }
        for name in parts.flatMap({ SchemaReader.required($0) }) {
            result.required.insert(name)
            if known.insert(name).inserted { result.names.append(name) }
        }
        result.isOpen = saysOthers || reader.options.allowsUndeclared || !declares
        return result
    }

    /// A member that isn't declared; `never` if there may be none.
    private mutating func extra(_ parts: [SchemaPart], _ properties: Properties) throws(GrammarError) -> ExpressionID {
        let schemas = parts.compactMap { part in
            part.value["additionalProperties"].map { part.child("additionalProperties", value: $0) }
        }
        let isOpen = properties.isOpen && !schemas.contains { $0.value == false }
        let colon = form.after(":", &builder)
        guard let (regex, part) = properties.pattern else {
            guard isOpen else { return builder.never }
            return builder.sequence([form.string(except: properties.names, &builder), colon, value(schemas)])
        }
        guard !isOpen else {
            throw part.error(
                "patternProperties beside other undeclared properties are not supported",
                advice: "set additionalProperties to false")
        }
        let others = parts.filter { $0.value["additionalProperties"] == false && $0.value["patternProperties"] == nil }
        guard others.isEmpty else {
            throw part.error("patternProperties beside additionalProperties of another schema are not supported")
        }
        for name in properties.names where try SchemaCheck(reader: reader).matches(regex, name, part) {
            throw part.error("a pattern that matches a declared property is not supported", advice: "change the pattern")
        }
        return builder.sequence([form.quoted(try inner(regex, .part, part), &builder), colon, value([part])])
    }

    /// All members, in order; from the end: what may follow once some declared ones are written.
    private mutating func members(
        _ properties: Properties, _ values: [ExpressionID], _ extra: ExpressionID
    ) throws(GrammarError) -> ExpressionID {
        let names = properties.names, comma = form.after(",", &builder), colon = form.after(":", &builder)
        let isLeastMet = properties.least <= properties.required.count
        let isMostMet = extra == builder.never && properties.most.map { $0 >= names.count } ?? true || properties.most == nil
        let isCounted = !isLeastMet || !isMostMet
        // Without counting, all that matters is whether one was written.
        let mostWritten = isCounted ? names.count : min(1, names.count)
        guard names.count * (mostWritten + 1) <= Limits.expressions / 8 else { throw Program.tooLarge }
        var following: [ExpressionID] = []
        for written in 0...mostWritten {
            let least = isCounted ? max(0, properties.least - written) : 0
            let most = isCounted ? properties.most.map { $0 - written } : nil
            if let most, most < 0 {
                following.append(builder.never)
            } else if extra == builder.never {
                following.append(least == 0 ? builder.empty : builder.never)
            } else if least > 1, names.isEmpty || written == names.count {
                throw GrammarError(
                    .path("#"), "minProperties that takes several undeclared properties is not supported: two could have one name",
                    advice: "declare the properties")
            } else {
                following.append(least > 1 ? builder.never : more(extra, least: least, most: most, after: written, comma))
            }
        }
        for (name, value) in zip(names, values).reversed() {
            let member = builder.sequence([builder.literal(JSONForm.text(name)), colon, value])
            let isRequired = properties.required.contains(name)
            var before: [ExpressionID] = []
            for written in 0...mostWritten {
                let next = following[min(written + 1, mostWritten)]
                let with = builder.sequence([written > 0 ? comma : builder.empty, member, next])
                before.append(isRequired ? with : builder.choice([with, following[written]]))
            }
            following = before
        }
        return builder.sequence([builder.literal("{"), following[0], builder.literal("}")])
    }
}
