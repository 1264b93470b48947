import JSON

/// Makes expressions of a schema. Schemas that hold together are a rule, made once; rules wait on a list, so that schemas may refer
/// to themselves and nest deeply.
struct SchemaCompiler {
    var builder = ExpressionBuilder()
    var form: JSONForm
    let reader: SchemaReader

    private let root: SchemaPart
    private var rules: [String: Int32] = [:]
    private var pending: [(rule: Int32, parts: [SchemaPart])] = []

    init(_ schema: JSONValue, options: JSONSchemaOptions) {
        form = JSONForm(spacing: options.spacing)
        reader = SchemaReader(schema, options: options)
        root = SchemaPart(value: schema, path: "")
    }

    mutating func compile() throws(GrammarError) -> ExpressionID {
        let result = value([root])
        while let (rule, parts) = pending.popLast() {
            builder.define(rule, try body(parts))
            guard !builder.isOverLimit else { throw Program.tooLarge }
        }
        return result
    }

    /// The values for which all schemas hold.
    mutating func value(_ parts: [SchemaPart]) -> ExpressionID {
        var parts = parts.filter { $0.value != true && $0.value != .object(JSONObject()) }
        if parts.contains(where: { $0.value == false }) { return builder.never }
        if parts.isEmpty { return form.any(&builder) }
        parts.sort { $0.path < $1.path }
        let key = parts.map(\.path).joined(separator: "\n")
        if let rule = rules[key] { return builder.reference(rule) }
        let rule = builder.makeRule(parts.map { "#" + $0.path }.joined(separator: " and "))
        rules[key] = rule
        pending.append((rule, parts))
        return builder.reference(rule)
    }

    private mutating func body(_ parts: [SchemaPart]) throws(GrammarError) -> ExpressionID {
        let shapes = try reader.shapes(of: parts)
        var results: [ExpressionID] = []
        for shape in shapes {
            if let values = shape.values {
                let check = SchemaCheck(reader: reader)
                for value in values {
                    var holds = true
                    for part in parts where holds { holds = try check.holds(part, value) }
                    if holds { results.append(form.constant(value, &builder)) }
                }
            } else {
                results.append(try expression(shape))
            }
        }
        return builder.choice(results)
    }

    private mutating func expression(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID {
        var results: [ExpressionID] = []
        if shape.types.contains(.null) { results.append(builder.literal("null")) }
        if shape.types.contains(.boolean) { results += [builder.literal("true"), builder.literal("false")] }
        if !shape.types.isDisjoint(with: [.integer, .fraction]) { results.append(try number(shape)) }
        if shape.types.contains(.string) { results.append(try string(shape)) }
        if shape.types.contains(.array) { results.append(try array(shape.arrays)) }
        if shape.types.contains(.object) { results.append(try object(shape.objects)) }
        return builder.choice(results)
    }
}
