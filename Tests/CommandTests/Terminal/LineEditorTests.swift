import Testing

@testable import CommandSupport

@Suite("Searching and completing")
struct LineEditorTests {
    private let history = ["Who was Moses?", "/save my.rgs", "Who was Aaron?", "Who was Aaron?", "What is a cow?"]

    /// An editor after some keys.
    private func editor(
        _ keys: [Key], lastQuery: String = "", complete: @escaping (String) -> Completion? = { _ in nil }
    ) -> (editor: LineEditor, effect: LineEditor.Effect) {
        var editor = LineEditor(history: history, lastQuery: lastQuery, complete: complete)
        var effect = LineEditor.Effect.draw
        for key in keys { effect = editor.apply(key) }
        return (editor, effect)
    }

    private func text(_ text: String) -> [Key] { text.map { .text(String($0)) } }

    @Test("Ctrl-R finds the newest line with the text, and again an older one")
    func search() {
        let found = editor([.search] + text("Who")).editor
        #expect(found.line.text == "Who was Aaron?")
        #expect(found.prompt(columns: 80) == "search 'Who': ")
        // The same line twice is one.
        let older = editor([.search] + text("Who") + [.search]).editor
        #expect(older.line.text == "Who was Moses?" && older.line.cursor == 0)
        let none = editor([.search] + text("Who") + [.search, .search]).editor
        #expect(none.line.text == "Who was Moses?")
        #expect(none.prompt(columns: 80) == "nothing older with 'Who': ")
        // More text goes on from there; the cursor stands before it.
        let more = editor([.search] + text("was") + [.text(" M")]).editor
        #expect(more.line.text == "Who was Moses?" && more.line.cursor == 4)
    }

    @Test("Backspace takes back what the last key did")
    func backspace() {
        let keys = [.search] + text("Who") + [.search, .backspace]
        #expect(editor(keys).editor.line.text == "Who was Aaron?")
        #expect(editor([.search] + text("cowx") + [.backspace]).editor.prompt(columns: 80) == "search 'cow': ")
        let empty = editor(text("typed") + [.search, .text("W"), .backspace, .backspace]).editor
        #expect(empty.line.text == "typed" && empty.prompt(columns: 80) == "search '': ")
    }

    @Test("Enter sends, Esc and other keys edit, Ctrl-G gives up")
    func ending() {
        let sent = editor([.search] + text("Mos") + [.enter])
        #expect(sent.effect == .take && sent.editor.line.text == "Who was Moses?")
        #expect(sent.editor.lastQuery == "Mos")
        let kept = editor([.search] + text("Mos") + [.escape, .text("!")]).editor
        #expect(kept.line.text == "Who was !Moses?" && kept.prompt(columns: 80) == nil)
        let moved = editor([.search] + text("Mos") + [.right]).editor
        #expect(moved.line.cursor == 9 && moved.prompt(columns: 80) == nil)
        // Older lines are above the one that was found, and what was typed below all of them.
        #expect(editor([.search] + text("Aaron") + [.up]).editor.line.text == "Who was Aaron?")
        #expect(editor([.search] + text("save") + [.up]).editor.line.text == "Who was Moses?")
        #expect(editor(text("t") + [.search] + text("cow") + [.down]).editor.line.text == "t")
        let given = editor(text("typed") + [.left, .search] + text("Mos") + [.cancel]).editor
        #expect(given.line.text == "typed" && given.line.cursor == 4 && given.prompt(columns: 80) == nil)
        #expect(editor([.search] + text("Mos") + [.interrupt]).effect == .giveUp)
        #expect(editor([.cancel, .escape]).editor.line.isEmpty)
    }

    @Test("Ctrl-R twice looks for what was looked for last")
    func lastQuery() {
        #expect(editor([.search, .search], lastQuery: "Mos").editor.line.text == "Who was Moses?")
        #expect(editor([.search, .search]).editor.line.isEmpty)
    }

    @Test("What is looked for is shown without what would command the terminal, and not at any length")
    func prompt() {
        #expect(editor([.search, .text("\u{202E}a\nb")]).editor.prompt(columns: 80) == #"nothing older with '\u{202E}a\nb': "#)
        #expect(editor([.search, .text(String(repeating: "a", count: 30) + "b")]).editor.prompt(columns: 80)?.count == 40)
        for columns in 0...80 {
            let prompt = editor([.search] + text("日本語 and more of it")).editor.prompt(columns: columns)
            #expect((prompt?.count ?? 0) <= max(6, columns / 2))
        }
    }

    @Test("Tab inserts what all choices begin with, or shows them")
    func completion() {
        func complete(_ text: String) -> Completion? {
            guard text.hasPrefix("/") else { return nil }
            let names = ["save ", "set ", "stats "].filter { $0.hasPrefix(text.dropFirst()) }
            return Completion(replaced: text.count - 1, candidates: names.map { Completion.Candidate($0) })
        }
        let one = editor(text("/sa rest") + [.home, .right, .right, .right, .tab], complete: complete)
        #expect(one.editor.line.text == "/save  rest" && one.editor.line.cursor == 6 && one.effect == .draw)
        let several = editor(text("/") + [.tab], complete: complete)
        #expect(several.editor.line.text == "/s" && several.effect == .draw)
        let again = editor(text("/s") + [.tab], complete: complete)
        #expect(again.editor.line.text == "/s" && again.effect == .list(["save", "set", "stats"]))
        for keys in ["/x", "save"] {
            let none = editor(text(keys) + [.tab], complete: complete)
            #expect(none.editor.line.text == keys && none.effect == .draw)
        }
    }

    @Test("Choices are shown in columns")
    func columns() {
        #expect(CandidateList.text(["one", "two", "three", "日本"], columns: 80) == "one    two    three  日本")
        #expect(CandidateList.text(["one", "two", "three", "日本"], columns: 15) == "one    three\ntwo    日本")
        #expect(CandidateList.text(["one\u{1B}", "two"], columns: 1) == "one\\u{1B}\ntwo")
        let many = CandidateList.text((0..<123).map { "name\($0)" }, columns: 80)
        #expect(many.hasSuffix("\nand 23 more"))
    }
}
