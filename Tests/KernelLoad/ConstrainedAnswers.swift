import Grammar

/// Masks of answers under a JSON schema of eight fields, for a vocabulary of 256,000 pieces of the kinds that Gemma's has.
struct ConstrainedAnswers {
    private static let schema = """
        {"type": "object", "additionalProperties": false, "required": ["name", "age", "mail", "member", "colour", "height",
        "country", "plan"], "properties": {"name": {"type": "string", "maxLength": 40}, "age": {"type": "integer", "minimum": 0,
        "maximum": 130}, "mail": {"type": "string", "format": "email"}, "member": {"type": "boolean"}, "colour": {"enum": ["red",
        "green", "blue"]}, "height": {"type": "number", "minimum": 0.4, "maximum": 2.6}, "country": {"type": "string"},
        "plan": {"enum": ["free", "basic", "premium"]}}}
        """
    /// Bytes that it allows.
    private static let answer = Array(
        """
        {"name": "Anna \\"the\\" Wolf, née Müller", "age": 41, "mail": "anna.wolf@example.org", "member": true, "colour": "green", \
        "height": 1.74, "country": "日本, somewhere in the north", "plan": "basic"}
        """.utf8)

    private let vocabulary: VocabularyTrie

    /// Nil if the schema or the answer are not what they should be.
    init?() {
        vocabulary = VocabularyTrie(
            vocabularySize: 256_000, ends: [1], role: { $0 < 260 ? .other : .merged }, bytes: { Self.piece(Int($0)) })
        guard let grammar = try? Grammar(jsonSchema: Array(Self.schema.utf8)) else { return nil }
        var matcher = grammar.matcher()
        guard matcher.advance(Self.answer), matcher.isComplete else { return nil }
    }

    /// Makes the grammar and all masks of the answer.
    func run() {
        guard let grammar = try? Grammar(jsonSchema: Array(Self.schema.utf8)) else { return }
        let masks = TokenMasks(grammar: grammar, vocabulary: vocabulary)
        var matcher = grammar.matcher()
        for byte in Self.answer {
            _ = masks.mask(for: matcher)
            matcher.advance(byte)
        }
    }

    /// Words of syllables, with a space before many and quotation marks and the like after some; single bytes.
    private static func piece(_ token: Int) -> [UInt8] {
        if token < 4 { return [] }
        if token < 260 { return [UInt8(token - 4)] }
        let syllables = [
            "an", "be", "co", "de", "er", "fi", "go", "he", "in", "ja", "ko", "la", "me", "no", "or", "pe", "ra", "st", "th", "日",
        ]
        let ends = ["\"", "\",", "\": ", ".", ",", "\n", "\\n", "1", "-", "\"}"]
        var text = token % 3 == 0 ? " " : "", rest = token / 2
        while rest > 0 {
            text += syllables[rest % 20]
            rest /= 20
        }
        return Array((token % 11 == 0 ? text + ends[token / 11 % 10] : text).utf8)
    }
}
