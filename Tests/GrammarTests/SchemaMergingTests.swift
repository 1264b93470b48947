import Testing

@testable import Grammar

/// What several demands come to together: opposites, conditions, alternatives that exclude each other, patterns side by side.
@Suite struct SchemaMergingTests {
    static let open = JSONSchemaOptions(allowsUndeclared: true)

    static let cases: [(schema: String, valid: [String], invalid: [String])] = [
        // Opposites.
        (#"{"type": "integer", "not": {"const": 3}, "minimum": 2, "maximum": 4}"#, ["2", "4"], ["3", "5"]),
        (#"{"not": {"type": ["string", "integer", "object", "array"]}}"#, ["null", "1.5", "true"], ["1", "1.0", #""a""#, "{}"]),
        (#"{"type": "string", "not": {"enum": ["a", "ab"]}}"#, [#""""#, #""aa""#, #""abc""#], [#""a""#, #""ab""#]),
        (
            #"{"type": "string", "not": {"pattern": "^a"}, "maxLength": 2}"#, [#""ba""#, #""é""#, #""""#],
            [#""a""#, #""ab""#, #""bbb""#]
        ),
        (
            #"{"type": "object", "not": {"required": ["a", "b"]}}"#, [#"{"a": 1}"#, #"{"b": 1, "c": 2}"#, "{}"],
            [#"{"a": 1, "b": 2}"#]
        ),
        (#"{"not": {"not": {"type": "null"}}}"#, ["null"], ["1"]),
        (#"{"type": "boolean", "not": {"const": true}}"#, ["false"], ["true"]),
        (
            #"{"type": "object", "properties": {"a": {"type": "integer"}}, "not": {"properties": {"a": {"minimum": 5}}}}"#,
            [#"{"a": 4}"#], [#"{"a": 5}"#, "{}"]
        ),
        (#"{"type": "array", "not": {"maxItems": 1}}"#, ["[1, 2]"], ["[]", "[1]"]),
        (#"{"not": {"anyOf": [{"type": "string"}, {"minimum": 3}]}, "type": ["string", "integer"]}"#, ["2"], ["3", #""a""#]),
        // Conditions.
        (
            #"{"type": "object", "properties": {"k": {"enum": ["a", "b"]}, "v": true}, "required": ["k"], "if": {"properties": {"k": {"const": "a"}}}, "then": {"required": ["v"]}, "else": {"properties": {"v": false}}}"#,
            [#"{"k": "a", "v": 1}"#, #"{"k": "b"}"#], [#"{"k": "a"}"#, #"{"k": "b", "v": 1}"#]
        ),
        (
            #"{"type": "object", "dependentRequired": {"a": ["b"]}}"#, ["{}", #"{"b": 1}"#, #"{"a": 1, "b": 2}"#, #"{"c": 1}"#],
            [#"{"a": 1}"#, #"{"a": 1, "c": 2}"#]
        ),
        (
            #"{"type": "object", "dependencies": {"a": {"properties": {"b": {"type": "null"}}}, "c": ["d"]}}"#,
            [#"{"b": null, "a": 1}"#, #"{"a": 1}"#, #"{"b": 1}"#, #"{"c": 1, "d": 1}"#], [#"{"b": 1, "a": 1}"#, #"{"c": 1}"#]
        ),
        // oneOf: what follows one and no other.
        (
            #"{"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"#, [#"{"a": 1}"#, #"{"b": 1, "c": 1}"#],
            ["{}", #"{"a": 1, "b": 1}"#]
        ),
        (#"{"oneOf": [{"type": "integer"}, {"minimum": 2, "type": "number"}]}"#, ["1", "2.5"], ["2", "1.5"]),
        (
            #"{"type": "string", "oneOf": [{"pattern": "^[^:]+$"}, {"pattern": "^[^:]+:[0-9]+$"}]}"#, [#""ab""#, #""a:1""#],
            [#""a:""#, #"":1""#]
        ),
        (
            #"{"oneOf": [{"type": "object", "properties": {"a": true}, "required": ["a"], "additionalProperties": false}, {"type": "object", "properties": {"b": true}, "additionalProperties": false}]}"#,
            [#"{"a": 1}"#, #"{"b": 1}"#, "{}"], [#"{"a": 1, "b": 1}"#]
        ),
        // Patterns side by side.
        (
            #"{"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "b"}], "maxLength": 3}"#, [#""ab""#, #""cba""#],
            [#""aa""#, #""abcd""#]
        ),
        (
            #"{"type": "string", "pattern": "^(ab|c)+$", "minLength": 2, "maxLength": 3}"#, [#""ab""#, #""abc""#, #""cc""#],
            [#""c""#, #""abab""#]
        ),
        (
            #"{"type": "string", "pattern": "^[\"\\\\é]+$", "allOf": [{"minLength": 2}, {"pattern": "é$"}]}"#,
            [#""\"é""#, #""\\é""#], [#""é""#, #""é\"""#]
        ),
        (#"{"type": "string", "format": "date", "pattern": "^2024"}"#, [#""2024-02-29""#], [#""2023-01-01""#, #""2024""#]),
        // Keys.
        (
            #"{"type": "object", "patternProperties": {"^a": {"type": "integer"}, "b$": {"minimum": 3}}}"#,
            [#"{"a": 1}"#, #"{"ab": 3}"#, #"{"b": "x"}"#, #"{"c": {}}"#],
            [#"{"a": "x"}"#, #"{"ab": 2}"#, #"{"xb": 1}"#, #"{"a"b": 1}"#]
        ),
        (
            #"{"type": "object", "properties": {"ab": {"maximum": 5}}, "patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": false}"#,
            [#"{"ab": 5, "ac": 9}"#], [#"{"ab": 6}"#, #"{"ab": 1.5}"#, #"{"b": 1}"#]
        ),
        (
            #"{"type": "object", "propertyNames": {"pattern": "^[a-c]+$", "maxLength": 2}, "required": ["b"]}"#,
            [#"{"b": 1, "ab": 2}"#], [#"{"b": 1, "abc": 2}"#, #"{"b": 1, "d": 2}"#, "{}"]
        ),
        (
            #"{"type": "object", "propertyNames": {"enum": ["x", "y\"", 5]}}"#, [#"{"x": 1}"#, #"{"y\"": 1}"#, "{}"],
            [#"{"z": 1}"#, #"{"": 1}"#]
        ),
        (#"{"type": "object", "propertyNames": false}"#, ["{}"], [#"{"a": 1}"#]),
        // Items.
        (
            #"{"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": true, "minItems": 1}"#,
            ["[2, 1]", "[3]", "[1, 2, 3]"], ["[]", "[1, 1]"]
        ),
        (#"{"type": "array", "uniqueItems": true, "maxItems": 1}"#, ["[]", "[1]"], ["[1, 2]"]),
        (
            #"{"type": "array", "items": [{"type": "null"}], "additionalItems": {"type": "boolean"}}"#, ["[]", "[null, true]"],
            ["[1]", "[null, 1]"]
        ),
        (#"{"type": "array", "items": {"type": "null"}, "additionalItems": false}"#, ["[null, null]"], ["[1]"]),
        (#"{"type": "integer", "minimum": 3, "exclusiveMinimum": true}"#, ["4"], ["3"]),
        // References.
        (
            ##"{"$id": "http://x.y/a/root.json", "$defs": {"n": {"$id": "other.json", "$anchor": "here", "type": "null", "$defs": {"m": {"type": "boolean"}}}}, "anyOf": [{"$ref": "other.json"}, {"$ref": "http://x.y/a/other.json#/$defs/m"}, {"$ref": "/a/../a/other.json#here"}, {"$ref": "#/$defs/n/$defs/m"}]}"##,
            ["null", "true"], ["1"]
        ),
        (
            ##"{"$schema": "http://json-schema.org/draft-04/schema#", "definitions": {"n": {"id": "#name", "type": "null"}}, "$ref": "#name", "type": "string"}"##,
            ["null"], [#""a""#]
        ),
        (##"{"$defs": {"a": {"const": {"$id": "x"}}, "b": {"$ref": "x"}}, "type": "null"}"##, ["null"], ["1"]),
        // Numbers that a double can't tell from what is left out.
        (#"{"type": "number", "exclusiveMaximum": 100001}"#, ["100000.999999999"], ["100000.9999999999999999"]),
        (#"{"type": "number", "not": {"type": "integer"}}"#, ["0.5", "-12.25"], ["705480188322315.049", "1.0", "0.0"]),
    ]

    @Test(arguments: cases) func demandsHoldTogether(_ schema: String, _ valid: [String], _ invalid: [String]) throws {
        let grammar = try SchemaTests.grammar(schema, Self.open)
        for text in valid { #expect(grammar.accepts(text), "\(text)") }
        for text in invalid { #expect(!grammar.accepts(text), "\(text)") }
    }

    static let formats: [(name: String, valid: [String], invalid: [String])] = [
        ("duration", ["P1D", "P1Y2M3D", "PT1H30M", "P2W", "P1DT1S"], ["P", "PT", "P1DT", "P1W2D", "P1Y1D", "1D"]),
        ("json-pointer", ["", "/a/b~0~1", "/"], ["a", "/~", "/~2"]),
        ("relative-json-pointer", ["0", "1/a", "2#"], ["01", "-1", "/a"]),
        ("uri-reference", ["", "/a/b?c#d", "a/b", "http://x.y/z", "#f", "?q"], ["a b", "\\\\x", ":a", "//x.y:abc/p", "//a@b@c/"]),
        ("uri-template", ["http://x/{a}/{?b,c*}", "{a:3}"], ["http://x/{a", "}", "{a b}"]), ("iri", ["http://x.y"], ["x"]),
        ("color", ["anything"], []), ("int32", ["x"], []),
    ]

    @Test(arguments: formats) func formatsAreThoseOfTheStandard(_ name: String, _ valid: [String], _ invalid: [String]) throws {
        let grammar = try SchemaTests.grammar(#"{"type": "string", "format": "\#(name)"}"#)
        for text in valid { #expect(grammar.accepts("\"\(text)\""), "\(text)") }
        for text in invalid { #expect(!grammar.accepts("\"\(text)\""), "\(text)") }
    }

    static let refused: [(schema: String, message: String)] = [
        (#"{"$ref": "x", "$defs": {"a": {"const": {"$id": "x"}}}}"#, "#/$ref: leads to no schema in this one"),
        (##"{"$ref": "#missing"}"##, "#/$ref: leads to no schema in this one"),
        (#"{"not": {"items": {"type": "null"}}}"#, "#/not/items: is not supported inside of not"),
        (#"{"not": {"const": [1]}}"#, "#/not: leaves out an array or object"),
        (#"{"type": "string", "not": {"type": " fraction"}}"#, "#/not/type: is no type"),
        (#"{"not": {"dependentRequired": {"a": ["b"]}}}"#, "#/not/dependentRequired: is not supported inside of not"),
        (#"{"if": {"multipleOf": 2}, "then": {"minimum": 3}}"#, "#/if/multipleOf: is not supported inside of not"),
        (#"{"type": "array", "uniqueItems": true}"#, "#/uniqueItems: is not supported for items of more than"),
    ]

    @Test(arguments: refused) func whatHasNoOppositeNamesItsPath(_ schema: String, _ message: String) {
        let error = #expect(throws: GrammarError.self) { try SchemaTests.grammar(schema, Self.open) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    /// Alternatives in each other come to an end, with an error.
    @Test func alternativesWithinEachOtherAreLimited() {
        var schema = #"{"type": "null"}"#
        for level in 0..<7 {
            let parts = (0..<6).map {
                #"{"properties": {"a\#(level)": \#(schema)}, "required": ["a\#(level)"], "title": "\#($0)"}"#
            }
            schema = #"{"oneOf": [\#(parts.joined(separator: ","))]}"#
            if schema.utf8.count > 400_000 { break }
        }
        #expect(throws: GrammarError.self) { try SchemaTests.grammar(schema) }
    }
}
