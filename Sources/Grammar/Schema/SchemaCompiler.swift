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

    init(reader: SchemaReader) {
        form = JSONForm(spacing: reader.options.spacing)
        self.reader = reader
        root = SchemaPart(value: reader.root, path: "")
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
        parts.sort { ($0.path, $0.mark) < ($1.path, $1.mark) }
        let key = parts.map(\.key).joined(separator: "\0\0")
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
                for value in try SchemaCheck(reader: reader).filter(values, parts) {
                    results.append(form.constant(value, &builder))
                }
            } else {
                results.append(try expression(shape))
            }
        }
        return builder.choice(results)
    }

    private mutating func expression(_ shape: SchemaShape) throws(GrammarError) -> ExpressionID {
        var results: [ExpressionID] = []
        func isAllowed(_ value: JSONValue) -> Bool { !shape.excluded.contains(value) }
        if shape.types.contains(.null), isAllowed(.null) { results.append(builder.literal("null")) }
        if shape.types.contains(.boolean) {
            if isAllowed(true) { results.append(builder.literal("true")) }
            if isAllowed(false) { results.append(builder.literal("false")) }
        }
        if !shape.types.isDisjoint(with: [.integer, .fraction]) { results.append(try number(shape)) }
        if shape.types.contains(.string) { results.append(try string(shape)) }
        for value in shape.excluded where !shape.types.isDisjoint(with: [.array, .object]) {
            guard !shape.types.intersection([.array, .object]).contains(SchemaTypes(value)) else {
                throw (shape.excludedPlace ?? SchemaPart(value: true, path: "")).error(
                    "leaves out an array or object, which is not supported", advice: "say which items or properties may be there")
            }
        }
        if shape.types.contains(.array) { results.append(try array(shape.arrays)) }
        if shape.types.contains(.object) { results.append(try object(shape.objects)) }
        return builder.choice(results)
    }
}
