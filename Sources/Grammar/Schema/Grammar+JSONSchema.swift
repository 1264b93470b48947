import JSON

/// How a JSON Schema is read.
public struct JSONSchemaOptions: Sendable {
    /// Spaces between the parts.
    public var spacing: JSONSpacing
    /// Whether an object that declares properties may have others where the schema says nothing about `additionalProperties`. The
    /// standard says yes; but a model that may go on does.
    public var allowsUndeclared: Bool
    /// Whether `format` is a demand. Otherwise it is a remark, as the standard has it.
    public var assertsFormats: Bool

    /// By default: one space after `:` and `,`, no properties but those that are declared, and formats that count.
    public init(spacing: JSONSpacing = .spaced, allowsUndeclared: Bool = false, assertsFormats: Bool = true) {
        self.spacing = spacing
        self.allowsUndeclared = allowsUndeclared
        self.assertsFormats = assertsFormats
    }
}

extension Grammar {
    /// The JSON texts that a schema (draft 2020-12) allows, each value in one spelling: properties in the schema's order and then
    /// those that it doesn't declare, no spaces but those of the options, numbers without needless zeros, the shortest escapes.
    ///
    /// The article Grammars of the module RGEdge has a table of what is supported. Every other keyword that demands something is an error
    /// that names its path; what only describes is passed over.
    ///
    /// With `orWords`, a text may also be any other that doesn't begin with `{` or white space: for schemas of objects.
    public convenience init(
        jsonSchema bytes: [UInt8], options: JSONSchemaOptions = JSONSchemaOptions(), orWords: Bool = false
    ) throws(GrammarError) {
        guard bytes.count <= Limits.schemaBytes else {
            throw GrammarError(.whole, "has more than \(Limits.schemaBytes) bytes", advice: "make it smaller")
        }
        let schema: JSONValue
        do throws(JSONError) { schema = try JSONValue(parsing: bytes) } catch {
            throw GrammarError(
                error.line > 0 ? .line(error.line, column: error.column) : .whole,
                error.isMemory ? "no memory to read it" : error.message)
        }
        try SchemaNames.check(schema)
        var compiler = SchemaCompiler(reader: SchemaReader(schema, options: options))
        let root = try compiler.compile()
        var builder = compiler.builder, whole = root
        if orWords {
            let words = Self.words(&builder)
            whole = builder.choice([root, words])
        }
        try self.init(builder, root: whole)
    }

    /// A text that doesn't begin as an object does.
    private static func words(_ builder: inout ExpressionBuilder) -> ExpressionID {
        let first = builder.characters(ScalarSet([0x21...0x7A, 0x7C...0x84, 0x86...0x9F, 0xA1...0x10FFFF]))
        let others = builder.repetition(builder.characters(.all), min: 0, max: nil)
        return builder.sequence(first, others)
    }

    /// Any JSON value.
    public static func json(spacing: JSONSpacing = .spaced) throws(GrammarError) -> Grammar {
        var builder = ExpressionBuilder(), form = JSONForm(spacing: spacing)
        let root = form.any(&builder)
        return try Grammar(builder, root: root)
    }
}
