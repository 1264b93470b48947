extension Grammar {
    /// A grammar in GBNF, the form that llama.cpp's users write; the text is what the rule `root` matches.
    ///
    ///     root   ::= answer ("," " "? answer){0,3}   # a comment
    ///     answer ::= "yes" | "no" | [^,\x00-\x1F]+
    ///
    /// Rules are named with letters, digits, `-` and `_`, and end with the line, except in parentheses and before or after `|`. There
    /// are literals, classes of characters with ranges and `^`, `.` for any character, groups, `|`, and `*`, `+`, `?`, `{m}`,
    /// `{m,}` and `{m,n}` after each of these. Escapes: `\n`, `\r`, `\t`, `\\`, `\"`, `\[`, `\]`, `\-`, `\^`, `\xNN`, `\uNNNN`,
    /// `\UNNNNNNNN`, which stand for characters. A rule that begins with itself is an error, as is one that is missing, defined
    /// twice, or begins to be a reference to a token (`<…>`).
    public convenience init(gbnf text: String) throws(GrammarError) {
        guard text.utf8.count <= Limits.textBytes else {
            throw GrammarError(.whole, "has more than \(Limits.textBytes) bytes", advice: "make it smaller")
        }
        var parser = GBNFParser(text)
        let root = try parser.parse()
        try self.init(parser.builder, root: root)
    }

    /// One of these texts. Throws if there are none.
    public convenience init(choices: [String]) throws(GrammarError) {
        guard !choices.isEmpty else { throw GrammarError(.whole, "has no choices", advice: "give one at least") }
        guard choices.reduce(0, { $0 + $1.utf8.count }) <= Limits.textBytes else {
            throw GrammarError(.whole, "has more than \(Limits.textBytes) bytes", advice: "give fewer choices")
        }
        var builder = ExpressionBuilder()
        let root = builder.words(choices.map { Array($0.utf8) })
        try self.init(builder, root: root)
    }
}
