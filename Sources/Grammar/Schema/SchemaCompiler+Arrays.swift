import JSON

extension SchemaCompiler {
    mutating func array(_ parts: [SchemaPart]) throws(GrammarError) -> ExpressionID {
        let items = parts.map { SchemaItems($0) }
        var least = 0, most: Int?, unique: SchemaPart?
        for part in parts {
            if let value = part.value["prefixItems"] { _ = try reader.list(value, "prefixItems", part) }
            if let value = part.value["minItems"] {
                least = max(least, try SchemaReader.count(part.child("minItems", value: value)))
            }
            if let value = part.value["maxItems"] {
                most = min(most ?? .max, try SchemaReader.count(part.child("maxItems", value: value)))
            }
            if part.value["uniqueItems"] == true { unique = part.child("uniqueItems", value: true) }
        }
        if let most, most < least { return builder.never }
        let count = items.map(\.first.count).max() ?? 0
        let rests = items.compactMap(\.rest)
        if let unique, most ?? .max > 1 {
            return try different(rests, least: least, most: most, hasFirst: count > 0, unique)
        }
        let comma = form.after(",", &builder)
        let item = value(rests)
        // From the end: what may follow once `index` items are written.
        var following = more(item, least: max(0, least - count), most: most.map { max(0, $0 - count) }, after: count, comma)
        if let most, most < count { following = builder.empty }
        for index in stride(from: count - 1, through: 0, by: -1) {
            let here = items.compactMap { index < $0.first.count ? $0.first[index] : $0.rest }
            let next = builder.sequence([index > 0 ? comma : builder.empty, value(here), following])
            let canStop = index >= least, canGoOn = index < most ?? .max
            following = builder.choice([canStop ? builder.empty : builder.never, canGoOn ? next : builder.never])
        }
        return builder.sequence([builder.literal("["), following, builder.literal("]")])
    }

    /// So many more of the same, after `count` others.
    mutating func more(_ item: ExpressionID, least: Int, most: Int?, after count: Int, _ comma: ExpressionID) -> ExpressionID {
        if let most, most < least { return builder.never }
        let next = builder.sequence(comma, item)
        if count > 0 { return builder.repetition(next, min: least, max: most) }
        if most == 0 { return builder.empty }
        let some = builder.sequence(item, builder.repetition(next, min: max(0, least - 1), max: most.map { $0 - 1 }))
        return least == 0 ? builder.optional(some) : some
    }

    /// Items of which no two are the same: where there are few values, each set of those that are left has an expression.
    private mutating func different(
        _ rests: [SchemaPart], least: Int, most: Int?, hasFirst: Bool, _ place: SchemaPart
    ) throws(GrammarError) -> ExpressionID {
        guard !hasFirst, let values = try values(rests), values.count <= Limits.differentItems else {
            throw place.error(
                "is not supported for items of more than \(Limits.differentItems) values",
                advice: "give them an enum, or leave it out and check the result")
        }
        let comma = form.after(",", &builder), words = values.map { form.constant($0, &builder) }
        // By the set of values that are used up, as bits; larger sets first, as they come later.
        var following = [ExpressionID](repeating: builder.never, count: 1 << values.count)
        for used in following.indices.reversed() {
            let count = used.nonzeroBitCount
            guard count <= most ?? .max else { continue }
            var parts = count >= least ? [builder.empty] : []
            for index in values.indices where used >> index & 1 == 0 {
                parts.append(builder.sequence([count > 0 ? comma : builder.empty, words[index], following[used | 1 << index]]))
            }
            following[used] = builder.choice(parts)
        }
        return builder.sequence([builder.literal("["), following[0], builder.literal("]")])
    }

    /// The values for which schemas hold, each once, if they list them; nil otherwise.
    private func values(_ parts: [SchemaPart]) throws(GrammarError) -> [JSONValue]? {
        var all = ValueList()
        for shape in try reader.shapes(of: parts) {
            guard let values = shape.values else { return nil }
            all.insert(values)
        }
        return try SchemaCheck(reader: reader).filter(all, parts)
    }
}
