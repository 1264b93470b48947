import JSON

extension SchemaCompiler {
    mutating func string(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID { form.quoted(try inner(shape), &builder) }

    /// What stands between the quotes of a string.
    mutating func inner(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID {
        let formats = try regexes(shape.formats)
        let demands = shape.patterns.map { (regex: $0.regex, extent: RegexTree.Extent.part, part: $0.part) } + formats
        let hasExclusions = !shape.otherPatterns.isEmpty || shape.excluded.contains { $0.stringValue != nil }
        if demands.isEmpty, !hasExclusions {
            return builder.repetition(form.characters(.all, &builder), min: shape.minLength, max: shape.maxLength)
        }
        // One demand is an expression as it stands, if its length can be said without writing counts out.
        if demands.count == 1, !hasExclusions {
            let tree = try self.tree(demands[0].regex, demands[0].part)
            if let limited = tree.limited(min: shape.minLength, max: shape.maxLength, extent: demands[0].extent) {
                return try expression(limited, demands[0].extent, demands[0].part)
            }
        }
        let place =
            demands.first?.part ?? shape.otherPatterns.first?.part ?? shape.excludedPlace ?? SchemaPart(value: true, path: "")
        guard let machines = try product(of: shape, place).machines() else {
            throw place.error("comes to too large a machine beside what else is asked of the string", advice: "ask for less")
        }
        return builder.choice(machines.map { builder.machine($0.machine) })
    }

    /// All demands on a string as languages side by side.
    func product(of shape: SchemaShape, _ place: SchemaPart) throws(GrammarError) -> LanguageProduct {
        var product = LanguageProduct()
        for (regex, part) in shape.patterns { try add(regex, .part, part, isDemanded: true, to: &product) }
        for (regex, extent, part) in try regexes(shape.formats) { try add(regex, extent, part, isDemanded: true, to: &product) }
        guard max(shape.minLength, shape.maxLength ?? 0) <= Limits.machineStates else {
            throw place.error("is not supported beside so large a minLength or maxLength", advice: "say the length in the pattern")
        }
        try addStrings(min: shape.minLength, max: shape.maxLength, to: &product)
        var builder = ExpressionBuilder()
        let words = shape.excluded.compactMap(\.stringValue).map { Array(JSONForm.text($0).dropFirst().dropLast()) }
        if !words.isEmpty {
            let root = builder.words(words)
            try product.add(builder, root, isExcluded: true)
        }
        for (regex, part) in shape.otherPatterns { try add(regex, .part, part, isDemanded: false, to: &product, isExcluded: true) }
        return product
    }

    /// All strings, or those of some length: what is excluded is left out of these.
    func addStrings(min: Int = 0, max: Int? = nil, to product: inout LanguageProduct) throws(GrammarError) {
        var builder = ExpressionBuilder()
        let root = builder.repetition(form.characters(.all, &builder), min: min, max: max)
        try product.add(builder, root, isDemanded: true)
    }

    func add(
        _ regex: String, _ extent: RegexTree.Extent, _ place: SchemaPart, isDemanded: Bool, to product: inout LanguageProduct,
        isExcluded: Bool = false
    ) throws(GrammarError) {
        var compiler = SchemaCompiler(reader: reader)
        let root = try compiler.expression(compiler.tree(regex, place), extent, place)
        try product.add(compiler.builder, root, isDemanded: isDemanded, isExcluded: isExcluded)
    }

    private func regexes(
        _ formats: [(name: String, part: SchemaPart)]
    ) throws(GrammarError) -> [(regex: String, extent: RegexTree.Extent, part: SchemaPart)] {
        var result: [(regex: String, extent: RegexTree.Extent, part: SchemaPart)] = []
        for (name, part) in formats {
            switch SchemaFormats.meaning(name) {
            case .regex(let regex): result.append((regex, .whole, part))
            case .remark: break
            case .unsupported: throw part.error("is a format that is not supported", advice: "write a pattern, or leave it out")
            }
        }
        return result
    }

    // MARK: - Regular expressions

    func tree(_ regex: String, _ place: SchemaPart) throws(GrammarError) -> RegexTree {
        do throws(GrammarError) { return try RegexParser.parse(regex) } catch { throw place.error(error.description) }
    }

    mutating func expression(
        _ tree: RegexTree, _ extent: RegexTree.Extent, _ place: SchemaPart
    ) throws(GrammarError) -> ExpressionID {
        let form = form
        guard let result = tree.expression(&builder, extent: extent, characters: { form.characters($0, &$1) }) else {
            throw place.error("has a ^ or $ in the middle, which is not supported", advice: "write them at the ends")
        }
        return result
    }
}
