import Grammar
import JSON

/// Schemas, grammars and regular expressions, of strangers; and what is made by them.
extension FuzzTarget {
    /// JSON Schema; the bits of the first byte are the options.
    static let schema = FuzzTarget(name: "schema", largestInput: 1 << 12) {
        let schemas = [
            ##"{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"},"v":{"type":"integer","minimum":-3,"maximum":250}},"required":["v"]}},"$ref":"#/$defs/n"}"##,
            #"{"oneOf":[{"type":"string","pattern":"^a+$","maxLength":9},{"required":["k"],"properties":{"k":{"const":1}}},{"multipleOf":0.5}]}"#,
            #"{"allOf":[{"anyOf":[{"minimum":2},{"type":"null"}]},{"not":{"enum":[3,"x",null]}}],"if":{"minLength":2},"then":{"format":"date"},"else":true}"#,
            #"{"patternProperties":{"^x-":{"items":{"enum":[1,2]},"uniqueItems":true}},"propertyNames":{"maxLength":4},"additionalProperties":{"type":["boolean","null"]},"minProperties":1,"dependentRequired":{"a":["b"]}}"#,
            #"{"type":"array","prefixItems":[{"const":{"a":[1.5,"é"]}},true],"items":{"format":"ipv4"},"minItems":2,"maxItems":7}"#,
        ]
        return schemas.enumerated().map { [UInt8($0)] + Array($1.utf8) }
    } run: { bytes in
        guard let flags = bytes.first else { return false }
        let spacing: JSONSpacing = [.compact, .spaced, .either, .spaced][Int(flags & 3)]
        let options = JSONSchemaOptions(spacing: spacing, allowsUndeclared: flags & 4 != 0, assertsFormats: flags & 8 == 0)
        return exercise(isJSON: true, bytes) { () throws(GrammarError) in
            try Grammar(jsonSchema: Array(bytes.dropFirst()), options: options)
        }
    }

    /// GBNF.
    static let gbnf = FuzzTarget(name: "gbnf", largestInput: 1 << 12) {
        [
            #"root ::= "{" (pair ("," pair){0,3})? "}" # end"# + "\n" + #"pair ::= [a-z]+ ":" (root | [^"\\\x00-\x1F]{2,9} | .)"#,
            #"root ::= a | "\u00e9" [\]\-^é]*"# + "\na ::= (\n\"x\" |\n [0-9]{3} ) a?",
            "root ::= \"\" | b\nb ::= [^\\n]{1,} \"\\\"\" c{,4}\nc ::= \"\\U0001F600\"+",
        ].map { Array($0.utf8) }
    } run: { bytes in
        exercise(isJSON: false, bytes) { () throws(GrammarError) in try Grammar(gbnf: String(decoding: bytes, as: UTF8.self)) }
    }

    /// Regular expressions.
    static let regex = FuzzTarget(name: "regex", largestInput: 1 << 10) {
        [
            #"^(?:[a-z_][\w-]{0,30}|\d{2,}(?<n>\.\d+)?)$"#, #"[^\u{1F600}\x41\cA\]-]*?|\p{Lu}\P{L}+|(a|b|){2,3}"#,
            #"((a{2,3}){4,}|.)+\/\$\^"#,
        ].map { Array($0.utf8) }
    } run: { bytes in
        exercise(isJSON: false, bytes) { () throws(GrammarError) in try Grammar(regex: String(decoding: bytes, as: UTF8.self)) }
    }

    /// Makes a grammar and goes through texts of it, chosen by the input's bytes.
    private static func exercise(isJSON: Bool, _ bytes: [UInt8], _ make: () throws(GrammarError) -> Grammar) -> Bool {
        let grammar: Grammar
        do throws(GrammarError) { grammar = try make() } catch {
            promise(!error.description.contains("\n") && !error.description.isEmpty, "an error is one line")
            return false
        }
        let masks = TokenMasks(grammar: grammar, vocabulary: vocabulary, capacity: 2)
        var choice = bytes.reduce(UInt64(1)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        for _ in 0..<2 { walk(masks, isJSON: isJSON, &choice) }
        return true
    }

    private static func walk(_ masks: TokenMasks, isJSON: Bool, _ choice: inout UInt64) {
        var matcher = masks.grammar.matcher(), text: [UInt8] = []
        for step in 0..<50 {
            if step % 16 == 0 { checkMask(masks, matcher) }
            let next = (UInt8.min...UInt8.max).filter { byte in
                var copy = matcher
                return copy.advance(byte)
            }
            promise(!next.isEmpty || matcher.isComplete || isAtLimit(matcher), "a text that began can end")
            if let forced = matcher.forced(limit: 8).first {
                promise(next == [forced] && !matcher.isComplete, "what is forced is all that may come")
            }
            choice = choice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            if matcher.isComplete, next.isEmpty || choice >> 60 == 0 {
                if isJSON { checkJSON(text) }
                return
            }
            guard !next.isEmpty else { return }
            let closing = next.filter { [0x22, 0x5D, 0x7D].contains($0) },
                from = choice >> 62 == 0 && !closing.isEmpty ? closing : next
            let byte = from[Int(choice >> 33) % from.count]
            text.append(byte)
            matcher.advance(byte)
        }
    }

    /// Whether some byte would go beyond a limit.
    private static func isAtLimit(_ matcher: Matcher) -> Bool {
        (UInt8.min...UInt8.max).contains { byte in
            var copy = matcher
            return !copy.advance(byte) && copy.isOverLimit
        }
    }

    /// A key that the schema doesn't declare may come twice: no automaton remembers them.
    private static func checkJSON(_ text: [UInt8]) {
        do throws(JSONError) { _ = try JSONValue(parsing: text) } catch {
            promise(error.message.contains("duplicate"), "what follows a schema is JSON: \(error)")
        }
    }

    private static func checkMask(_ masks: TokenMasks, _ matcher: Matcher) {
        let mask = masks.mask(for: matcher)
        for (token, piece) in pieces.enumerated() {
            var copy = matcher
            let isAllowed = piece.isEmpty ? matcher.isComplete : copy.advance(piece)
            promise(mask.allows(UInt32(token)) == isAllowed, "a mask has what each token alone says")
        }
    }

    /// The first ends a text.
    private static let pieces: [[UInt8]] =
        [[]]
        + ["a", "ab", "\"", "\",", "\": ", "{\"", "é", " ", "0", "12", "-1.5", "x-a", "tru", "日本", "\\", "[", "]}"].map {
            Array($0.utf8)
        }
        + [[0xC3], [0xA9, 0x62], Array(repeating: UInt8(ascii: "a"), count: 30)]
    private static let vocabulary = VocabularyTrie(vocabularySize: pieces.count, ends: [0]) { pieces[Int($0)] }
}
