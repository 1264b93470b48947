import Testing

@testable import Grammar

@Suite struct RegexTests {
    @Test(arguments: [
        ("abc", ["abc"], ["ab", "abcd", "xabc"]), ("^a|b$", ["a", "b"], ["ab", ""]), ("(?:a|b)*c+?", ["c", "abacc"], ["a"]),
        ("[a-f\\d]{2,4}", ["0f", "abcd"], ["0", "abcde", "gg"]), ("\\p{Lu}\\p{L}*", ["Éa", "A"], ["a", "1"]),
        (".", ["é", "😀"], ["\n", "", "ab"]), ("\\u00e9\\u{1F600}\\x41\\cJ\\ud83d\\ude00", ["é😀A\n😀"], ["e"]),
        ("[^\\s\\]]", ["a", "["], [" ", "]", "\u{3000}"]), ("a{2}{", ["aa{"], ["aa"]), ("x{,3}", ["x{,3}"], ["xx"]),
        ("(?<year>\\d{4})-[\\w-.]", ["2024--", "2024-."], ["2024-+"]), ("", [""], ["a"]), ("a||b", ["", "a", "b"], ["ab"]),
        ("^$", [""], ["a"]), ("(^a|b)c", ["ac", "bc"], ["c"]), ("\\/\\-\\.", ["/-."], []), ("[\\b\\0]", ["\u{8}", "\0"], ["b"]),
    ]) func aTextMatchesAsAWhole(_ regex: String, _ whole: [String], _ others: [String]) throws {
        let grammar = try Grammar(regex: regex)
        for text in whole { #expect(grammar.accepts(text), "\(text)") }
        for text in others { #expect(!grammar.accepts(text), "\(text)") }
    }

    @Test(arguments: [
        ("(?=a)", "character 1: a group of this kind is not supported"), ("(?<!a)b", "character 1: a group"),
        ("(a)\\1", "character 4: an escape that is not supported"), ("\\bword", "character 1: an escape"),
        ("a**", "character 3: two counts"),
        ("(a", "character 1: a ( that nothing closes"), ("a)", "character 2: a ) without"),
        ("[a", "character 1: a class that nothing closes"),
        ("*a", "character 1: has nothing before it to repeat"), ("[b-a]", "character 2: a range"),
        ("a{3,2}", "character 2: the first count"),
        ("a$b", "has a ^ or $ in the middle"), ("\\p{Script=Greek}", "character 1: a property"),
        ("a\\", "character 2: a \\ at the end"),
        ("\\ud800", "character 1: an escape"), ("[]", "matches no text at all"), ("(?i)a", "character 1: a group"),
    ]) func whatIsWrongIsNamed(_ regex: String, _ message: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(regex: regex) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func nestingOf100000Works() throws {
        let regex = String(repeating: "(", count: 100_000) + "x" + String(repeating: ")?", count: 100_000)
        #expect(try Grammar(regex: regex).accepts("x"))
    }
}
