import Testing

@testable import Grammar

/// What strangers may give: it is taken or refused with a reason, in time, and nothing ends the process.
@Suite struct HostileTests {
    @Test func deepTextsAreReadAndClosed() throws {
        let grammar = try Grammar.json()
        var matcher = grammar.matcher()
        let depth = 60_000
        matcher.advance(repeatElement(UInt8(ascii: "["), count: depth))
        #expect(!matcher.isComplete && !matcher.isDead)
        matcher.advance(repeatElement(UInt8(ascii: "]"), count: depth))
        #expect(matcher.isComplete)
        // Beyond the limit it is dead, and says why.
        var deeper = grammar.matcher()
        deeper.advance(repeatElement(UInt8(ascii: "["), count: Limits.depth + 1))
        #expect(deeper.isDead && deeper.isOverLimit)
    }

    static let grammars: [(text: String, isTaken: Bool)] = [
        ("root ::= " + String(repeating: "(", count: 60_000) + "\"a\"" + String(repeating: ")", count: 60_000), true),
        ("root ::= " + String(repeating: "(", count: 60_000), false),
        ("root ::= \"a\"" + String(repeating: "?", count: 60_000), true),
        ("root ::= ((([a-z]{1,16777216}){1,16777216}){1,16777216}){1,16777216}", true),
        ("root ::= [a]{16777217}", false), ("root ::= [a]{99999999999999999999999}", false),
        (
            (0..<20_000).map { "r\($0) ::= r\($0 + 1) | \"\($0)\"" }.joined(separator: "\n") + "\nr20000 ::= \"x\"\nroot ::= r0",
            true
        ),
        ("root ::= a\na ::= b\nb ::= a", false), ("root ::= root", false), ("root ::= [\u{10FFFF}-\u{0}]", false),
        (String(repeating: "root ::= \"a\"\n", count: 1000), false), ("root ::= \"\\ud800\"", false),
    ]

    @Test(arguments: grammars) func grammarsAreTakenOrRefused(_ text: String, _ isTaken: Bool) {
        do throws(GrammarError) {
            let grammar = try Grammar(gbnf: text)
            #expect(isTaken)
            var matcher = grammar.matcher()
            for byte in UInt8.min...UInt8.max where matcher.advance(byte) { break }
        } catch { #expect(!isTaken, "\(error)") }
    }

    static let regexes: [(text: String, isTaken: Bool)] = [
        (String(repeating: "(", count: 60_000) + "a" + String(repeating: ")", count: 60_000), true),
        (String(repeating: "(a|b", count: 60_000), false), ("(a*)*(a|aa)+(a?){1000}b", true),
        ("((((a{1,9999}){9999}){9999}){9999}){9999}", true),
        ("(.*a){30}.{30}", true), ("[\\ud800]", false), ("a{16777217}", false), ("\\u{FFFFFFFFFFFFFFFFF}", false), ("[z-a]", false),
        (String(repeating: "\\p{L}\\P{N}", count: 5000), true), (String(repeating: "a|", count: 200_000), true),
    ]

    @Test(arguments: regexes) func regexesAreTakenOrRefused(_ text: String, _ isTaken: Bool) {
        do throws(GrammarError) {
            let grammar = try Grammar(regex: text)
            #expect(isTaken)
            var matcher = grammar.matcher()
            // Whatever comes, each byte is allowed or not.
            for _ in 0..<200 where matcher.advance(UInt8(ascii: "a")) {}
        } catch { #expect(!isTaken, "\(error)") }
    }

    /// A pattern whose machine has 2^20 states.
    static let exponential = #"{"pattern": "a.{20}$"}, {"pattern": "b"}"#

    static let schemas: [(text: String, isTaken: Bool)] = [
        (String(repeating: #"{"items":"#, count: 60_000) + "{}" + String(repeating: "}", count: 60_000), false),
        (String(repeating: "[", count: 60_000), false),
        (String(repeating: #"{"not":"#, count: 200) + "{}" + String(repeating: "}", count: 200), true),
        (#"{"type": "string", "minLength": 16777216}"#, true), (#"{"type": "string", "minLength": 16777217}"#, false),
        (#"{"type": "array", "minItems": 1e300}"#, false), (#"{"type": "string", "allOf": [\#(exponential)]}"#, false),
        (#"{"type": "string", "pattern": "^(ab?)+$", "maxLength": 16384}"#, false),
        ("{\"enum\": [" + (0..<60_000).map { "\"value \($0)\"" }.joined(separator: ",") + "]}", true),
        ("{\"enum\": [" + (0..<60_000).map { "\($0)" }.joined(separator: ",") + "], \"not\": {\"multipleOf\": 2}}", false),
        (##"{"$ref": "#"}"##, true), (##"{"$ref": "#/a", "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}"##, true),
        (##"{"allOf": [{"$ref": "#"}], "type": "null"}"##, true), (##"{"not": {"$ref": "#"}}"##, true),
        (##"{"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}"##, false), (##"{"$ref": "#/%"}"##, false), (##"{"$ref": "#/a~2"}"##, false),
        (#"{"type": "null", "type": "string"}"#, false), (#"{"const": "\ud800"}"#, false), (#"{"pattern": "\ud800"}"#, false),
        (#"{"multipleOf": 0}"#, false), (#"{"multipleOf": -1}"#, false), (#"{"multipleOf": 1e-300}"#, true),
        (#"{"type": "number", "minimum": 1e308, "maximum": -1e308}"#, false), (#"{"type": "integer", "minimum": 1e300}"#, false),
        (#"{"required": [1, null, {"a": 2}]}"#, false), (#"{"properties": []}"#, false), (#"{"anyOf": []}"#, false),
        (#"{"enum": []}"#, false),
        (#"{"dependentRequired": 3}"#, false), (#"{"if": 3, "then": 4}"#, false),
        (#"{"propertyNames": 3, "type": "object"}"#, false),
        ("{\"type\": \"object\", \"properties\": {" + (0..<20_000).map { "\"p\($0)\": {}" }.joined(separator: ",") + "}}", true),
        (
            "{\"type\": \"object\", \"minProperties\": 3, \"properties\": {"
                + (0..<2_000).map { "\"p\($0)\": {}" }.joined(separator: ",") + "}}", false
        ),
        ("{\"allOf\": [" + (0..<20_000).map { "{\"minimum\": \($0)}" }.joined(separator: ",") + "], \"type\": \"integer\"}", true),
        ("{\"anyOf\": [" + (0..<600).map { "{\"const\": \($0)}" }.joined(separator: ",") + "]}", false),
        (
            "{\"type\": \"object\", \"dependentRequired\": {" + (0..<30).map { "\"p\($0)\": [\"q\"]" }.joined(separator: ",")
                + "}}", false
        ),
        (
            "{\"type\": \"object\", \"patternProperties\": {" + (0..<40).map { "\"a.{\($0)}b\": {}" }.joined(separator: ",") + "}}",
            false
        ),
    ]

    @Test(arguments: schemas) func schemasAreTakenOrRefused(_ text: String, _ isTaken: Bool) {
        do throws(GrammarError) {
            let grammar = try SchemaTests.grammar(text, JSONSchemaOptions(allowsUndeclared: true))
            #expect(isTaken, "\(text.prefix(200))")
            _ = grammar.matcher().forced()
        } catch {
            #expect(!isTaken, "\(error) \(text.prefix(200))")
            #expect(!error.description.isEmpty && !error.description.contains("\n"))
        }
    }
}
