import TestSupport
import Testing

@testable import CommandSupport

@Suite("Words on a terminal's lines")
struct WordWrapTests {
    /// What a terminal of so many columns shows: enough of it for what ``WordWrap`` sends.
    private struct Screen {
        let columns: Int
        private(set) var rows: [[Character]] = [[]]
        private var column = 0

        init(columns: Int) { self.columns = columns }

        mutating func show(_ text: String) {
            var rest = Array(text)[...]
            while let character = rest.popFirst() {
                switch character {
                case "\n":
                    rows.append([])
                    column = 0
                case "\r": column = 0
                case "\t": for _ in 0..<8 - column % 8 { put(" ") }
                case "\u{1B}":
                    let sequence = rest.prefix { !$0.isLetter } + rest.drop { !$0.isLetter }.prefix(1)
                    rest = rest.dropFirst(sequence.count)
                    if sequence.last == "C" { column += Int(String(sequence.dropFirst().dropLast())) ?? 0 }
                    if sequence.last == "K" { while width > column { rows[rows.count - 1].removeLast() } }
                default: put(character)
                }
            }
        }

        private var width: Int { rows[rows.count - 1].reduce(0) { $0 + $1.columns } }

        private mutating func put(_ character: Character) {
            if let last = rows[rows.count - 1].last, String([last, character]).count == 1 {
                rows[rows.count - 1][rows[rows.count - 1].count - 1] = Character(String([last, character]))
                column = width
                return
            }
            if column + character.columns > columns {
                rows.append([])
                column = 0
            }
            rows[rows.count - 1].append(character)
            column += character.columns
        }

        var lines: [String] { rows.map { String($0) } }
    }

    /// The lines of a text that comes in parts.
    private func lines(_ parts: [String], columns: Int) -> [String] {
        var wrap = WordWrap(), screen = Screen(columns: columns)
        for part in parts { screen.show(wrap.add(part, columns: columns)) }
        return screen.lines
    }

    @Test(
        "Lines break between words",
        arguments: [
            ("in the beginning was the word", ["in the ", "beginning ", "was the ", "word"]),
            ("in the b\n\nx", ["in the b", "", "x"]),
            // The last column stays free.
            ("0123456789 a", ["0123456789", "a"]), ("012345678 a", ["012345678", "a"]), ("0123456 8 a", ["0123456 8", "a"]),
            ("a 0123456789abcdef b", ["a ", "0123456789", "abcdef", "b"]),
            ("日本語、日本語。日本", ["日本語、", "日本語。", "日本"]), ("(日)「本」語語語", ["(日)", "「本」語", "語語"]),
            ("one 🙂🙂🙂", ["one 🙂🙂", "🙂"]), ("a\tb c", ["a       b", "c"]),
            ("no\u{A0}break here", ["no\u{A0}break ", "here"]),
        ])
    func breaking(text: String, expected: [String]) {
        #expect(trimmed(lines([text], columns: 10)) == trimmed(expected))
        // Character by character, scalar by scalar.
        #expect(trimmed(lines(text.map { String($0) }, columns: 10)) == trimmed(expected))
        #expect(trimmed(lines(text.unicodeScalars.map { String($0) }, columns: 10)) == trimmed(expected))
    }

    private func trimmed(_ lines: [String]) -> [String] {
        lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
    }

    @Test("Emoji and accents that come in pieces are measured whole")
    func joining() {
        let family = "👨\u{200D}👩\u{200D}👧"
        #expect(lines(["12345 ", "👨", "\u{200D}", "👩", "\u{200D}👧", "x"], columns: 10) == ["12345 \(family)x"])
        #expect(lines(["1234567 e", "\u{301}", "\u{300}f"], columns: 10) == ["1234567 ", "e\u{301}\u{300}f"])
    }

    @Test("Code is left to the terminal")
    func code() {
        let text = "as follows:\n```swift\nlet value = other + 1\n  x\n```\nand then the end"
        let expected = ["as ", "follows:", "```swift", "let value ", "= other + ", "1", "  x", "```", "and then ", "the end"]
        #expect(trimmed(lines([text], columns: 10)) == trimmed(expected))
        var wrap = WordWrap()
        #expect(wrap.add("~~~\na long line of code\n~~~\n", columns: 10) == "~~~\na long line of code\n~~~\n")
    }

    @Test("A whole text is sent without going back, and what was shown of a word is erased")
    func bytes() {
        var wrap = WordWrap()
        #expect(wrap.add("one two three", columns: 10) == "one two \nthree")
        #expect(wrap.add(" fo", columns: 10) == " fo")
        #expect(wrap.add("u", columns: 10) == "u")
        #expect(wrap.add("r", columns: 10) == "\r\u{1B}[6C\u{1B}[K\nfour")
    }

    @Test("After the terminal has become narrower, the next word begins a line")
    func narrower() {
        var wrap = WordWrap()
        #expect(wrap.add("one two thr", columns: 20) == "one two thr")
        #expect(wrap.add("ee four", columns: 8) == "ee\nfour")
        #expect(wrap.add(" five", columns: 30) == " five")
        #expect(wrap.add(" ", columns: 5) == "")
        #expect(wrap.add("six", columns: 5) == "\nsix")
    }

    @Test("Whatever comes, in whatever parts, looks the same, and no word is cut that fits a line")
    func random() {
        var random = RandomSource(seed: 9)
        let words = [
            "a", "the", "beginning", "日", "語、", "🙂", "e\u{301}", "👨\u{200D}👩\u{200D}👧", "\n", "(", "x)", "unbelievable", "\t", " ",
        ]
        for _ in 0..<300 {
            let text = (0..<40).map { _ in
                (words.randomElement(using: &random) ?? "") + (Bool.random(using: &random) ? " " : "")
            }.joined()
            let columns = Int.random(in: 4...30, using: &random)
            var parts: [String] = [], rest = text.unicodeScalars[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...6, using: &random))
                parts.append(String(part))
                rest = rest[part.endIndex...]
            }
            let whole = lines([text], columns: columns), inParts = lines(parts, columns: columns)
            #expect(whole == inParts, "\(text.debugDescription) in \(columns): \(parts)")
            #expect(whole.joined().filter { !$0.isWhitespace } == text.filter { !$0.isWhitespace })
            #expect(whole.allSatisfy { $0.reduce(0) { $0 + $1.columns } <= columns })
        }
    }
}
