import JSON

extension SchemaCompiler {
    /// What several schemas say about the properties of one object.
    private struct Properties {
        /// In the order of the schemas, then those that are only required.
        var names: [String] = []
        var required: Set<String> = []
        var least = 0
        var most: Int?
        /// Patterns of keys with the schemas of their values; `owner` is the number of the schema that has it.
        var patterns: [(regex: String, part: SchemaPart, owner: Int)] = []
        /// Schemas of keys.
        var keys: [SchemaPart] = []
        /// Whether others than the declared may be there.
        var isOpen = true
    }

    mutating func object(_ parts: [SchemaPart]) throws(GrammarError) -> ExpressionID {
        let properties = try read(parts), check = SchemaCheck(reader: reader)
        // By name: looking each up in the list would take the square of their number.
        let schemasByName = parts.map { part in
            Dictionary(
                (part.value["properties"]?.objectValue?.members ?? []).map { ($0.key, $0.value) },
                uniquingKeysWith: { first, _ in first })
        }
        var values: [ExpressionID] = []
        for name in properties.names {
            var schemas: [SchemaPart] = [], isAllowed = true
            for key in properties.keys where isAllowed { isAllowed = try check.holds(key, .string(name)) }
            for (owner, part) in parts.enumerated() {
                var isNamed = false
                if let schema = schemasByName[owner][name] {
                    schemas.append(part.child("properties", name, value: schema))
                    isNamed = true
                }
                for pattern in properties.patterns where pattern.owner == owner {
                    guard try check.matches(pattern.regex, name, pattern.part) else { continue }
                    schemas.append(pattern.part)
                    isNamed = true
                }
                if !isNamed, let others = part.value["additionalProperties"] {
                    schemas.append(part.child("additionalProperties", value: others))
                }
            }
            values.append(isAllowed ? value(schemas) : builder.never)
        }
        let extra = try extra(parts, properties)
        return try members(properties, values, extra)
    }

    private func read(_ parts: [SchemaPart]) throws(GrammarError) -> Properties {
        var result = Properties(), known: Set<String> = [], saysOthers = false, declares = false
        // What the schema declares itself comes before what was made of `not`, `if` and the like.
        for (owner, part) in parts.enumerated().filter({ $0.element.mark.isEmpty })
            + parts.enumerated().filter({ !$0.element.mark.isEmpty })
        {
            if let value = part.value["properties"] {
                guard let object = value.objectValue else { throw part.child("properties", value: value).error("is no object") }
                if part.mark.isEmpty { declares = true }
                for member in object.members where known.insert(member.key).inserted { result.names.append(member.key) }
            }
            if let value = part.value["patternProperties"] {
                let place = part.child("patternProperties", value: value)
                guard let object = value.objectValue else { throw place.error("is no object") }
                declares = true
                guard result.patterns.count + object.members.count <= Limits.keyPatterns else {
                    throw place.error("has more than \(Limits.keyPatterns) patterns", advice: "use fewer")
                }
                for member in object.members {
                    result.patterns.append((member.key, place.child(member.key, value: member.value), owner))
                }
            }
            if let value = part.value["propertyNames"] {
                let keys = part.child("propertyNames", value: value)
                result.keys.append(keys)
                // Names that are listed are declared, so that none comes twice.
                if let names = try listed(keys) {
                    for name in names where known.insert(name).inserted { result.names.append(name) }
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

    /// The names that a schema of keys lists; nil if it lists none.
    private func listed(_ keys: SchemaPart) throws(GrammarError) -> [String]? {
        var names: [String] = []
        for shape in try reader.shapes(of: [keys]) where shape.types.contains(.string) {
            guard let values = shape.values else { return nil }
            names += try SchemaCheck(reader: reader).filter(values, [keys]).compactMap(\.stringValue)
        }
        return names
    }

    /// A member that isn't declared; `never` if there may be none.
    private mutating func extra(_ parts: [SchemaPart], _ properties: Properties) throws(GrammarError) -> ExpressionID {
        let colon = form.after(":", &builder)
        if properties.patterns.isEmpty, properties.keys.isEmpty {
            let value = try others(parts, properties, matched: [])
            if value == builder.never { return value }
            return builder.sequence([form.string(except: properties.names, &builder), colon, value])
        }
        // Keys told apart by the patterns that they match: each sort has its own schemas of values.
        let place = properties.patterns.first?.part ?? properties.keys[0]
        var product = LanguageProduct()
        for pattern in properties.patterns { try add(pattern.regex, .part, pattern.part, isDemanded: false, to: &product) }
        var names = ExpressionBuilder()
        let declared = names.words(properties.names.map { Array(JSONForm.text($0).dropFirst().dropLast()) })
        try product.add(names, declared, isExcluded: true)
        for part in properties.keys {
            var compiler = SchemaCompiler(reader: reader)
            let root = try compiler.strings(part)
            try product.add(compiler.builder, root, isDemanded: true)
        }
        try addStrings(to: &product)
        guard let sorts = product.machines() else {
            throw place.error("the patterns of keys come to too large a machine", advice: "use fewer or simpler ones")
        }
        var results: [ExpressionID] = []
        for (matches, machine) in sorts {
            let value = try others(parts, properties, matched: properties.patterns.indices.filter { matches[$0] })
            guard value != builder.never else { continue }
            results.append(builder.sequence([form.quoted(builder.machine(machine), &builder), colon, value]))
        }
        return builder.choice(results)
    }

    /// The value of a key that isn't declared and matches these patterns.
    private mutating func others(_ parts: [SchemaPart], _ properties: Properties, matched: [Int]) throws(GrammarError)
        -> ExpressionID
    {
        if matched.isEmpty, !properties.isOpen { return builder.never }
        var schemas = matched.map { properties.patterns[$0].part }
        for (owner, part) in parts.enumerated() where !matched.contains(where: { properties.patterns[$0].owner == owner }) {
            if let others = part.value["additionalProperties"] {
                schemas.append(part.child("additionalProperties", value: others))
            }
        }
        return value(schemas)
    }

    /// What stands between the quotes of strings that follow a schema.
    private mutating func strings(_ part: SchemaPart) throws(GrammarError) -> ExpressionID {
        var results: [ExpressionID] = []
        for shape in try reader.shapes(of: [part]) where shape.types.contains(.string) {
            guard let values = shape.values else {
                results.append(try inner(shape))
                continue
            }
            let words = try SchemaCheck(reader: reader).filter(values, [part]).compactMap(\.stringValue)
                .map { Array(JSONForm.text($0).dropFirst().dropLast()) }
            if !words.isEmpty { results.append(builder.words(words)) }
        }
        return builder.choice(results)
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
