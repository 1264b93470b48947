import TestSupport
import Testing

@testable import Grammar

/// Schemas that a careless reader would get wrong.
@Suite struct SoundnessTests {
    private func grammar(_ schema: String) throws -> Grammar { try Grammar(jsonSchema: Array(schema.utf8)) }

    private func allows(_ grammar: Grammar, _ text: String) -> Bool {
        var matcher = grammar.matcher()
        return matcher.advance(text.utf8) && matcher.isComplete
    }

    @Test func boundsBeyond64BitsAreNeverExceeded() throws {
        let unsigned = try grammar(#"{"type": "integer", "minimum": 0, "maximum": 18446744073709551615}"#)
        #expect(allows(unsigned, "18446744073709549568") && !allows(unsigned, "18446744073709551616"))
        #expect(!allows(unsigned, "18446744073709551900") && allows(unsigned, "0"))
        let negative = try grammar(#"{"type": "integer", "minimum": -18446744073709551615, "maximum": 0}"#)
        #expect(allows(negative, "-18446744073709549568") && !allows(negative, "-18446744073709551900"))
        let wide = try grammar(#"{"type": "integer", "maximum": 1e308}"#)
        #expect(allows(wide, "123456789012345678") && !allows(wide, "18446744073709551616"))
    }

    @Test(arguments: [
        #"{"const": 100000000000000000000}"#, #"{"enum": [1, {"a": [1e20]}]}"#, #"{"minimum": 100000000000000000000}"#,
        #"{"anyOf": [{"const": 9007199254740993}, {"maximum": 100000000000000000000}]}"#,
    ])
    func numbersThatLostDigitsAreErrors(schema: String) {
        #expect { try grammar(schema) } throws: { ($0 as? GrammarError)?.problem.contains("not kept exactly") == true }
    }

    @Test(arguments: [
        #"{"properties": {"é": {"type": "integer"}}, "required": ["é"]}"#,
        #"{"properties": {"é": true, "é": false}}"#, #"{"enum": ["é", "é"]}"#,
    ])
    func twoSpellingsOfANameAreAnError(schema: String) {
        let schema = schema.replacing(last: "é", with: "e\u{301}")
        #expect { try grammar(schema) } throws: { ($0 as? GrammarError)?.problem.contains("two spellings") == true }
    }

    @Test func aNegationIsNotTakenForAReference() throws {
        let schema = try grammar(
            #"""
            {"$defs": {"a": {"type": "string"}, "a not type": {"maximum": 5}},
             "allOf": [{"not": {"$ref": "#/$defs/a"}}, {"$ref": "#/$defs/a not type"}]}
            """#)
        #expect(allows(schema, "5") && !allows(schema, "6") && !allows(schema, #""x""#))
    }

    @Test(arguments: [
        (#"{"required": "a"}"#, "#/required"), (#"{"properties": {"a": {"required": true}}}"#, "#/properties/a/required"),
        (#"{"required": [1]}"#, "#/required"), (#"{"type": "array", "uniqueItems": "true"}"#, "#/uniqueItems"),
        (#"{"format": 3}"#, "#/format"),
        (#"{"$schema": "http://json-schema.org/draft-03/schema#", "divisibleBy": 2}"#, "#/$schema"),
    ])
    func demandsOfAnotherTypeAreErrors(schema: String, path: String) {
        #expect { try grammar(schema) } throws: { ($0 as? GrammarError)?.place == .path(path) }
    }

    @Test func valuesAreComparedByDigits() throws {
        let small = try grammar(#"{"enum": [1e-7, 5, -3, 0.30, 0.35], "minimum": 0, "multipleOf": 0.05}"#)
        #expect(allows(small, "5") && allows(small, "0.3") && allows(small, "0.35") && !allows(small, "-3"))
        #expect(!allows(small, "1e-07"))
        let values = (0..<130_000).map(String.init).joined(separator: ",")
        let many = try grammar(#"{"minimum": 0, "multipleOf": 700, "enum": [\#(values)]}"#)
        #expect(allows(many, "1400") && !allows(many, "1401"))
    }

    @Test func whatIsTooLargeToBeginIsAnError() {
        let values = (10_000..<99_999).map(String.init).joined(separator: ",")
        #expect(throws: GrammarError.self) { try grammar(#"{"enum": [\#(values)]}"#) }
        let optional = String(repeating: "y?", count: 524_260)
        #expect(throws: GrammarError.self) { try grammar(#"{"type": "string", "not": {"pattern": "x\#(optional)"}}"#) }
        let name = String(repeating: "a", count: 500_000)
        #expect(throws: GrammarError.self) { try grammar(#"{"$defs": {"\#(name)": {"properties": {"a": {}}}}}"#) }
    }

    @Test func countsWithinEachOtherAreReadInTime() throws {
        let nested = (0..<10).reduce("a{1,99}") { text, _ in "(\(text)){1,99}" }
        let grammar = try Grammar(regex: nested)
        let vocabulary = VocabularyTrie(vocabularySize: 4, ends: [0]) { [UInt8](repeating: 0x61, count: Int($0)) }
        let masks = TokenMasks(grammar: grammar, vocabulary: vocabulary)
        var matcher = grammar.matcher()
        for _ in 0..<16 {
            #expect(masks.mask(for: matcher).count > 0)
            matcher.advance(0x61)
        }
    }

    @Test(arguments: [#"^\ud83d4\ude00$"#, #"\ud83d\u\ude00"#, #"\ud83d"#])
    func loneSurrogatesAreErrors(regex: String) { #expect(throws: GrammarError.self) { try Grammar(regex: regex) } }
}

extension String {
    /// With the last part that has these bytes replaced.
    fileprivate func replacing(last part: String, with other: String) -> String {
        let parts = self.parts(separatedBy: part)
        return parts.dropLast().joined(separator: part) + other + (parts.last ?? "")
    }
}
