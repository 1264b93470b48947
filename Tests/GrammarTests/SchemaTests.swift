import JSON
import TestSupport
import Testing

@testable import Grammar

@Suite struct SchemaTests {
    static func grammar(_ schema: String, _ options: JSONSchemaOptions = JSONSchemaOptions()) throws(GrammarError) -> Grammar {
        try Grammar(jsonSchema: Array(schema.utf8), options: options)
    }

    static let person = """
        {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
         "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2}}, "required": ["name", "tags"]}
        """

    @Test func anObjectHasItsPropertiesInOrder() throws {
        let grammar = try Self.grammar(Self.person)
        for text in [
            #"{"name": "Ann", "tags": []}"#, #"{"name": "日本é\"\n", "age": 150, "tags": ["a", "b"]}"#,
            #"{"name": "", "age": 0, "tags": ["b"]}"#,
        ] { #expect(grammar.accepts(text), "\(text)") }
        for text in [
            #"{"tags": [], "name": "Ann"}"#, #"{"name": "Annnnn", "tags": []}"#, #"{"name": "A", "age": 151, "tags": []}"#, "{}",
            #"{"name": "A", "tags": ["a", "b", "a"]}"#, #"{"name": "A", "tags": [], "x": 1}"#, #"{"name":"A","tags":[]}"#,
            #"{"name": "A", "age": 01, "tags": []}"#, #"{"name": "\u0041", "tags": []}"#,
        ] { #expect(!grammar.accepts(text), "\(text)") }
        #expect(grammar.matcher().forced() == Array(#"{"name": ""#.utf8))
    }

    static let allowed: [(schema: String, valid: [String], invalid: [String])] = [
        (
            ##"{"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}}"##,
            [#"{"next": {"next": {}}}"#], [#"{"next": 1}"#]
        ),
        (
            #"{"anyOf": [{"type": "null"}, {"type": "array", "prefixItems": [true, {"const": 2}], "items": false, "minItems": 1}]}"#,
            ["null", "[1]", "[{}, 2]"], ["[]", "[1, 3]", "[1, 2, 3]"]
        ),
        (#"{"allOf": [{"minimum": 2}, {"maximum": 3.5}], "type": "number"}"#, ["2", "3.5", "2.75"], ["1.99", "3.51", "4", "-3"]),
        (
            #"{"type": "object", "additionalProperties": {"type": "boolean"}, "minProperties": 1, "maxProperties": 2}"#,
            [#"{"x": true}"#, #"{"x": true, "y": false}"#], ["{}", #"{"x": 1}"#, #"{"x": true, "y": true, "z": true}"#]
        ),
        (
            #"{"type": "object", "properties": {"a": {}}, "additionalProperties": true}"#, [#"{"ab": 1}"#, #"{"a": 1, "": 2}"#],
            [#"{"b": 1, "a": 2}"#]
        ),
        (
            #"{"patternProperties": {"^x-": {"type": "null"}}, "type": "object"}"#, [#"{"x-a": null}"#, "{}"],
            [#"{"x-a": 1}"#, #"{"a": null}"#]
        ),
        (#"{"type": "string", "pattern": "^[a-c\"]+$"}"#, [#""ab\"""#], [#""d""#, #""""#]),
        (#"{"type": "string", "pattern": "b"}"#, [#""abc""#], [#""ac""#]),
        (#"{"type": "string", "format": "date"}"#, [#""2024-02-29""#], [#""2023-02-29""#, #""2024-13-01""#]),
        (#"{"multipleOf": 0.25, "type": "number", "minimum": -1}"#, ["0.75", "-0.5", "10"], ["0.3", "-1.25"]),
        (#"{"enum": [1, "a", null, {"b": [1.5]}], "type": ["string", "object"]}"#, [#""a""#, #"{"b": [1.5]}"#], ["1", "null"]),
        (
            #"{"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]}, {"type": "object", "properties": {"k": {"const": "b"}, "v": {}}, "required": ["k"]}]}"#,
            [#"{"k": "a"}"#, #"{"k": "b", "v": 1}"#], [#"{"k": "a", "v": 1}"#]
        ),
        (
            #"{"type": "string", "pattern": "^[a-c]+$", "minLength": 2, "maxLength": 3}"#, [#""ab""#, #""abc""#],
            [#""a""#, #""abca""#, #""xy""#]
        ),
        (#"{"type": "string", "pattern": "^(ab|c){2}$", "minLength": 1, "maxLength": 9}"#, [#""abc""#], [#""c""#]),
        (#"{"type": "string", "format": "uuid", "maxLength": 36}"#, [#""01234567-89ab-cdef-0123-456789abcdef""#], [#""""#]),
        ("true", ["[1, {\"a\": null}]", "\"x\"", "-1.5e-3"], ["[1,]", "01", "tru", #""\u0000""#]),
        (#"{"exclusiveMinimum": 0, "exclusiveMaximum": 1, "type": "number"}"#, ["0.5", "0.001"], ["0", "1", "0.0", "-0.5"]),
    ]

    @Test(arguments: allowed) func schemasAllowWhatTheySay(_ schema: String, _ valid: [String], _ invalid: [String]) throws {
        let grammar = try Self.grammar(schema)
        for text in valid { #expect(grammar.accepts(text), "\(text)") }
        for text in invalid { #expect(!grammar.accepts(text), "\(text)") }
    }

    static let refused: [(schema: String, message: String)] = [
        (#"{"properties": {"a": {"contains": {}}}}"#, "#/properties/a/contains: is not supported"),
        (#"{"properties": {"x/y~": {"type": "int"}}}"#, "#/properties/x~1y~0/type: is no type"),
        (#"{"oneOf": [{"items": {"type": "integer"}}, {"minItems": 2}]}"#, "#: oneOf: alternatives 0 and 1 may both hold"),
        (#"{"$ref": "other.json"}"#, "#/$ref: leads to no schema in this one"),
        (##"{"$ref": "#/$defs/a"}"##, "#/$ref: leads to nothing"),
        (#"{"type": "string", "pattern": "(?=a)"}"#, "#/pattern: character 1: a group"),
        (#"{"type": "string", "format": "regex"}"#, "#/format: is a format that is not supported"),
        ("{\n\"a\": }", "line 2, column"), ("[]", "#: is no schema"), ("false", "matches no text at all"),
        (#"{"minLength": -1}"#, "#/minLength: is no whole number"),
        (#"{"items": {"uniqueItems": true}}"#, "#/items/uniqueItems: is not supported"),
        (#"{"type": "string", "pattern": "^(a|bc)+$", "maxLength": 30000}"#, "#/pattern: is not supported beside"),
        (#"{"minProperties": 2}"#, "#: minProperties that takes several"),
    ]

    @Test(arguments: refused) func whatIsNotSupportedNamesItsPath(_ schema: String, _ message: String) {
        let error = #expect(throws: GrammarError.self) { try Self.grammar(schema) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func deepSchemasAreRefusedOrWork() throws {
        let deep = String(repeating: #"{"items":"#, count: 200) + "{}" + String(repeating: "}", count: 200)
        #expect(try Self.grammar(deep).accepts("[[[1]]]"))
        let deeper = String(repeating: #"{"items":"#, count: 100_000) + "{}" + String(repeating: "}", count: 100_000)
        #expect(throws: GrammarError.self) { try Self.grammar(deeper) }
        let wide =
            "{\"allOf\": [" + (0..<20).map { #"{"anyOf": [{"minimum": \#($0)}, {"type": "null"}]}"# }.joined(separator: ",") + "]}"
        #expect(throws: GrammarError.self) { try Self.grammar(wide) }
        let circle = try Self.grammar(##"{"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#"}, {"type": "null"}]}}}"##)
        #expect(circle.accepts("null") && !circle.accepts("1"))
    }

    @Test func spacesAreThoseOfTheOptions() throws {
        let schema = #"{"const": {"a": [1, 2]}}"#
        #expect(try Self.grammar(schema, JSONSchemaOptions(spacing: .compact)).accepts(#"{"a":[1,2]}"#))
        let either = try Self.grammar(schema, JSONSchemaOptions(spacing: .either))
        #expect(either.accepts(#"{"a":[1, 2]}"#) && either.accepts(#"{"a": [1,2]}"#) && !either.accepts(#"{"a":  [1,2]}"#))
    }

    /// Random bounds against comparing the numbers.
    @Test func boundsAreThoseOfTheNumbers() throws {
        var random = RandomSource(seed: 3)
        func decimal(_ random: inout RandomSource) -> Double {
            let scales: [Double] = [1, 10, 100]
            return Double(Int.random(in: -2000...2000, using: &random)) / scales[Int.random(in: 0..<3, using: &random)]
        }
        for _ in 0..<300 {
            let low = decimal(&random), high = low + abs(decimal(&random)), isExclusive = Bool.random(using: &random)
            let step = Int.random(in: 1...30, using: &random), hasStep = Bool.random(using: &random)
            var schema = JSONObject()
            schema["type"] = hasStep ? "integer" : "number"
            schema[isExclusive ? "exclusiveMinimum" : "minimum"] = .real(low)
            schema["maximum"] = .real(high)
            if hasStep { schema["multipleOf"] = .integer(Int64(step)) }
            let bytes = JSONValue.object(schema).serialized()
            guard let grammar = try? Grammar(jsonSchema: bytes) else { continue }
            for _ in 0..<60 {
                let edges: [Double] = [low, high, low + 0.01, high + 0.01, 0, -low]
                let value = Bool.random(using: &random) ? decimal(&random) : edges[Int.random(in: 0..<edges.count, using: &random)]
                let rounded = (value * 100).rounded() / 100
                guard !hasStep || rounded == rounded.rounded() else { continue }
                let text = rounded == rounded.rounded() ? String(Int(rounded)) : rounded.description
                let isWithin =
                    (isExclusive ? rounded > low : rounded >= low) && rounded <= high && (!hasStep || Int(rounded) % step == 0)
                #expect(grammar.accepts(text) == isWithin, "\(text) of \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    /// Texts found by walking at random are JSON.
    @Test func whatIsGeneratedIsJSON() throws {
        var random = RandomSource(seed: 9)
        for grammar in [try Self.grammar(Self.person), try Grammar.json()] {
            for _ in 0..<60 {
                var matcher = grammar.matcher(), text: [UInt8] = []
                for _ in 0..<400 where !(matcher.isComplete && Int.random(in: 0..<4, using: &random) == 0) {
                    let next = (UInt8.min...UInt8.max).filter {
                        var copy = matcher; return copy.advance($0)
                    }
                    guard let byte = (next.filter { [0x22, 0x5D, 0x7D].contains($0) } + next).randomElement(using: &random) else {
                        break
                    }
                    matcher.advance(byte)
                    text.append(byte)
                }
                if matcher.isComplete { #expect(throws: Never.self) { try JSONValue(parsing: text) } }
            }
        }
    }
}
