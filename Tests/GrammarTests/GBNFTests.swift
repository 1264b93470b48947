import Testing

@testable import Grammar

@Suite struct GBNFTests {
    static let list = """
        # a list
        root ::= (
            item ("," ws item)*   # items
        )?
        item ::= number
            | "\\"" [^"\\\\\\x00-\\x1F]* "\\""

        number ::= "-"? [0-9]{1,3}
        ws ::= [ \\t]?
        """

    @Test(arguments: ["", "1", "-12,123", "\"a\u{e9}\",  7".replacing("  ", with: " "), "\"日\""]) func aListIsRead(_ text: String)
        throws
    {
        #expect(try Grammar(gbnf: Self.list).accepts(text))
    }

    @Test(arguments: ["1,", "1234", "\"", "\"\n\"", "1, ,2", "--1"]) func aListIsNothingElse(_ text: String) throws {
        #expect(try !Grammar(gbnf: Self.list).accepts(text))
    }

    @Test(arguments: [
        (#"root ::= "\x41\u00e9\U0001F600\n\r\t\\\"\[\]""#, "Aé😀\n\r\t\\\"[]"), (#"root ::= [\]\[\\a-]{5}"#, "][\\a-"),
        (#"root ::= "a" | "b"+ "c"?"#, "bbc"), ("root ::= .{2}", "é\n"), ("root ::= a_b-1\r\na_b-1 ::= \"x\"\r\n", "x"),
        ("root ::=\n  \"a\"\n  | \"b\"\n", "b"), ("root ::= \"a\" |\n \"b\"", "b"), ("root ::= \"a\" | # or nothing\n", ""),
        ("root ::= (\"a\" | \"b\"){ 2 , 3 }", "aba"), ("root ::= [a]{0}", ""), ("root ::= \"a\"?*", "aaa"),
        ("root ::= ((\"a\"))", "a"),
    ]) func everyFormIsRead(_ grammar: String, _ text: String) throws { #expect(try Grammar(gbnf: grammar).accepts(text)) }

    @Test(arguments: [
        ("", "has no rule root; name the rule that the text begins with root"), ("a ::= \"x\"", "has no rule root"),
        ("root := \"x\"", "line 1, column 6: expected ::= after the rule's name, found :"),
        ("root ::= \"x", "line 1, column 10: a literal that nothing closes"), ("root ::= \"x\ny\"", "line 1, column 10: a literal"),
        ("root ::= [a-", "line 1, column 10: a class that nothing closes"),
        ("root ::= [b-a]", "line 1, column 11: a range that ends"),
        ("root ::= (\n\"x\"", "line 1, column 10: a ( that nothing closes"), ("root ::= \"x\")", "line 1, column 13: a ) without"),
        ("root ::= *", "line 1, column 10: * has nothing before it"),
        ("root ::= \"\\q\"", "line 1, column 11: an escape that is not known"),
        ("root ::= \"\\ud800\"", "line 1, column 11: an escape that is no character"),
        ("root ::= a\n# b\n", "line 1, column 10: the rule a is used and not defined; add it, or correct its name"),
        ("root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: the rule root is defined twice"),
        ("root ::= \"a\"{3,2}", "line 1, column 13: the first count is larger"),
        ("root ::= \"a\"{x}", "line 1, column 14: expected a number, found x"),
        ("root ::= \"a\"{99999999999999999999}", "line 1, column 13: a count above"),
        ("root ::= <think>", "line 1, column 10: references to tokens"),
        ("root ::= \"a\"\n\n  \u{7}", "line 3, column 3: expected the name of a rule, found U+7"),
        ("root ::= root \"a\" | \"a\"", "rule root: begins with itself; write it as a repetition"),
        ("root ::= a\na ::= \"\"? b\nb ::= \"x\"* root | \"y\"", "rule root: begins with itself (root → a → b → root)"),
        ("root ::= \"a\" root", "matches no text at all"), ("root ::= []", "matches no text at all"),
    ]) func whatIsWrongIsNamed(_ grammar: String, _ message: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(gbnf: grammar) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func rulesWithoutATextAreLeftOut() throws {
        let grammar = try Grammar(gbnf: "root ::= \"a\" (endless | \"b\")\nendless ::= \"x\" endless")
        #expect(grammar.accepts("ab") && !grammar.begins("ax"))
    }

    @Test func nestingOf100000Works() throws {
        let text = "root ::= " + String(repeating: "(", count: 100_000) + "\"x\"" + String(repeating: "?)", count: 100_000)
        let grammar = try Grammar(gbnf: text)
        #expect(grammar.accepts("x") && grammar.accepts(""))
    }

    @Test func aChainOf20000RulesWorks() throws {
        var text = "root ::= r0\n"
        for number in 0..<20_000 { text += "r\(number) ::= r\(number + 1) \"y\"?\n" }
        #expect(try Grammar(gbnf: text + "r20000 ::= \"x\"").accepts("xyy"))
    }

    @Test func tooMuchIsRefused() {
        let text = "root ::= " + String(repeating: "[a-z] \"b\" ", count: Limits.expressions / 2 + 10)
        #expect(throws: GrammarError.self) { try Grammar(gbnf: text) }
    }

    @Test func choicesAreTheirTexts() throws {
        let choices = ["yes", "no", "not", "", "notable", "é", "ê", "yes"]
        let grammar = try Grammar(choices: choices)
        for choice in choices { #expect(grammar.accepts(choice)) }
        for text in ["n", "ye", "yess", "nota", "note"] { #expect(!grammar.accepts(text)) }
        #expect(throws: GrammarError.self) { try Grammar(choices: []) }
        let long = try Grammar(choices: [
            String(repeating: "x", count: 100_000) + "y", String(repeating: "x", count: 100_000) + "z",
        ])
        let matcher = Walker(long), forced = matcher.matcher.forced(limit: 200_000)
        #expect(forced.count == 100_000)
        #expect(matcher.advance(forced) && !matcher.isComplete)
    }
}
