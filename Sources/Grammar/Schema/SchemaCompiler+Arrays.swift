import JSON

extension SchemaCompiler {
    mutating func array(_ parts: [SchemaPart]) throws(GrammarError) -> ExpressionID {
        var prefixes: [[SchemaPart]] = [], rests: [SchemaPart?] = [], least = 0, most: Int?
        for part in parts {
            var prefix: [SchemaPart] = []
            if let value = part.value["prefixItems"] { prefix = try reader.list(value, "prefixItems", part) }
            prefixes.append(prefix)
            let items = part.value["items"].map { part.child("items", value: $0) }
            if let items, items.value.arrayValue != nil {
                throw items.error("is a list", advice: "write prefixItems, as draft 2020-12 has it")
            }
            rests.append(items)
            if let value = part.value["minItems"] {
                least = max(least, try SchemaReader.count(part.child("minItems", value: value)))
            }
            if let value = part.value["maxItems"] {
                most = min(most ?? .max, try SchemaReader.count(part.child("maxItems", value: value)))
            }
        }
        if let most, most < least { return builder.never }
        let count = prefixes.map(\.count).max() ?? 0
        let comma = form.after(",", &builder)
        let item = value(rests.compactMap { $0 })
        // From the end: what may follow once `index` items are written.
        var following = more(item, least: max(0, least - count), most: most.map { max(0, $0 - count) }, after: count, comma)
        if let most, most < count { following = builder.empty }
        for index in stride(from: count - 1, through: 0, by: -1) {
            let here = zip(prefixes, rests).compactMap { prefix, rest in index < prefix.count ? prefix[index] : rest }
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
}
