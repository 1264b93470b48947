import Foundation
import TestSupport
import Testing

@testable import CommandSupport

@Suite("Line editing")
struct LineEditingTests {
    /// The keys in some bytes.
    private func keys(_ bytes: [UInt8]) -> [Key] {
        var rest = bytes[...]
        let reader = KeyReader { _ in rest.popFirst() }
        var keys: [Key] = []
        while let key = reader.next() { keys.append(key) }
        return keys
    }

    private func keys(_ text: String) -> [Key] { keys(Array(text.utf8)) }

    /// A line after some keys.
    private func line(_ text: String) -> LineBuffer {
        var line = LineBuffer()
        for key in keys(text) { _ = line.apply(key) }
        return line
    }

    // MARK: - Keys

    @Test(
        "Bytes become the keys that terminals send them for",
        arguments: [
            ("a", [Key.text("a")]), ("é日🙂", [.text("é"), .text("日"), .text("🙂")]),
            ("\r", [.enter]), ("\n", [.enter]), ("\u{1B}[A\u{1B}[B", [.up, .down]), ("\u{1B}OA\u{1B}OD", [.up, .left]),
            ("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~\u{1B}OH\u{1B}OF", [.home, .end, .home, .end, .home, .end]),
            ("\u{1B}[3~\u{7F}\u{8}", [.delete, .backspace, .backspace]),
            ("\u{1}\u{5}\u{15}\u{B}\u{17}\u{19}", [.home, .end, .deleteToStart, .deleteToEnd, .deleteWord, .insertDeleted]),
            ("\u{2}\u{6}\u{10}\u{E}\u{C}", [.left, .right, .up, .down, .clearScreen]),
            ("\u{3}\u{4}\u{1A}", [.interrupt, .endOfInput, .suspend]),
            ("\u{1B}b\u{1B}f\u{1B}[1;5D\u{1B}[1;5C\u{1B}\u{7F}", [.wordLeft, .wordRight, .wordLeft, .wordRight, .deleteWord]),
            ("\u{1B}[12;34R\u{1B}[5R\u{1B}[1;0R", [.cursor(column: 33), .unknown, .unknown]),
            ("\u{1B}[99;99Zx", [.unknown, .text("x")]), ("\u{1B}", [.escape]), ("\u{1B}[", [.unknown]), ("\t", [.tab]),
            ("\u{12}\u{7}\u{13}", [.search, .cancel, .unknown]),
        ])
    func keyBytes(bytes: String, expected: [Key]) {
        #expect(keys(bytes) == expected)
    }

    @Test("Pasted text comes whole, line breaks and escapes included")
    func paste() {
        #expect(keys("\u{1B}[200~one\rtwo\nthree\u{3}\u{1B}[201~\r") == [.text("one\ntwo\nthree\u{3}"), .enter])
        #expect(keys("\u{1B}[200~cut") == [.text("cut")])
    }

    @Test("Bytes that are not UTF-8 are no text, and any bytes end")
    func noise() {
        #expect(keys([0xC3, 0x28, 0x61]) == [.unknown, .text("a")])
        #expect(keys([0xFF, 0xFF, 0xFF, 0xFF]) == [.unknown])
        var random = RandomSource(seed: 5)
        var line = LineBuffer()
        for _ in 0..<200 {
            let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) }
            for key in keys(bytes) { _ = line.apply(key) }
            #expect((0...line.characters.count).contains(line.cursor))
            let shown = line.visible(columns: 20)
            #expect(shown.cursor < 20)
            #expect(shown.text.reduce(0) { $0 + $1.columns } < 20)
        }
    }

    // MARK: - Editing

    @Test(
        "Keys edit the line",
        arguments: [
            ("abc\u{1B}[Dx", "abxc", 3), ("abc\u{1}x\u{5}y", "xabcy", 5), ("abc\u{7F}\u{7F}", "a", 1),
            ("abc\u{1}\u{1B}[3~", "bc", 0),
            ("one two\u{17}", "one ", 4), ("one two  \u{17}", "one ", 4), ("one two\u{1B}b\u{15}", "two", 0),
            ("one two\u{1}\u{1B}f\u{B}", "one", 3), ("one two\u{17}\u{1}\u{19}", "twoone ", 3), ("a\u{1B}[D\u{1B}[D\u{7F}", "a", 0),
            ("\u{17}\u{15}\u{B}\u{19}", "", 0), ("ae\u{301}", "ae\u{301}", 2), ("e\u{301}\u{7F}", "", 0),
            ("👨\u{200D}👩\u{200D}👧x\u{1B}[D\u{7F}", "x", 0),
        ])
    func editing(keys: String, text: String, cursor: Int) {
        let line = line(keys)
        #expect(line.text == text)
        #expect(line.cursor == cursor)
    }

    @Test("What is no text stays out of the line")
    func controls() {
        var line = LineBuffer()
        line.insert("a\tb\u{7}c\u{1B}[2Jd\ne")
        #expect(line.text == "a bc[2Jd\ne")
        #expect(line.visible(columns: 80).text == "a bc[2Jd⏎e")
        line.replace(with: "a\tb\u{1B}")
        #expect(line.text == "a b")
        #expect(line.cursor == 3)
    }

    @Test(
        "Characters take the columns that terminals give them",
        arguments: [
            ("a", 1), ("é", 1), ("e\u{301}", 1), ("日", 2), ("한", 2), ("ｆ", 2), ("🙂", 2), ("❤️", 2), ("❤", 1), ("🇩🇪", 2),
            ("👨‍👩‍👧", 2), ("→", 1), ("\u{301}", 0), ("กำ", 2), ("का", 2), ("\u{1112}\u{1161}\u{11AB}", 2), ("👍🏽", 2),
        ] as [(Character, Int)])
    func columns(character: Character, columns: Int) {
        #expect(character.columns == columns)
    }

    @Test("A long line is shown around the cursor")
    func scrolling() {
        var line = line("0123456789abcdefghij")
        #expect(line.visible(columns: 30) == ("0123456789abcdefghij", 20))
        #expect(line.visible(columns: 21) == ("0123456789abcdefghij", 20))
        // One column stays free for the cursor.
        #expect(line.visible(columns: 11) == ("abcdefghij", 10))
        _ = line.apply(.home)
        #expect(line.visible(columns: 11) == ("0123456789", 0))
        for _ in 0..<10 { _ = line.apply(.right) }
        // A quarter of the room is for what follows.
        #expect(line.visible(columns: 11) == ("23456789ab", 8))
        // Wide characters are not cut.
        line.replace(with: "日本語日本語")
        #expect(line.visible(columns: 8) == ("日本語", 6))
        #expect(line.visible(columns: 0).cursor == 0)
    }

    // MARK: - History

    @Test("Lines are remembered from one run to the next")
    func history() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("state/rg-edge/history")
        var history = LineHistory(path: path)
        #expect(history.lines == [])
        for line in ["one", "two\nlines", "back\\slash \\n", "", "back\\slash \\n", " secret", "é日"] { history.add(line) }
        #expect(history.lines == ["one", "two\nlines", "back\\slash \\n", "é日"])
        #expect(LineHistory(path: path).lines == history.lines)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // Two programs at once lose nothing.
        var other = LineHistory(path: path)
        other.add("of the other")
        history.add("last")
        #expect(LineHistory(path: path).lines.suffix(2) == ["of the other", "last"])
    }

    @Test("A long history is cut, the newest lines stay")
    func longHistory() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write((0..<2001).flatMap { Array("line \($0)\n".utf8) }, to: "history")
        #expect(LineHistory(path: path).lines.count == 1000)
        let lines = LineHistory(path: path).lines
        #expect(lines.first == "line 1001")
        #expect(lines.last == "line 2000")
    }

    @Test("What is no file of lines is no history, and is not waited for")
    func strangeHistory() throws {
        let folder = try TemporaryFolder()
        let fifo = folder.file("fifo"), full = folder.file("full"), zero = folder.file("zero"), large = folder.file("large")
        try #require(mkfifo(fifo, 0o600) == 0 && symlink("/dev/full", full) == 0 && symlink("/dev/zero", zero) == 0)
        for path in [fifo, full, zero] {
            var history = LineHistory(path: path)
            #expect(history.lines == [])
            history.add("one")
            #expect(history.lines == ["one"])
        }
        // Only its end is read, and kept.
        try folder.write([], to: "large")
        try #require(truncate(large, 1 << 36) == 0)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: large))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("\nlast\n".utf8))
        try handle.close()
        #expect(LineHistory(path: large).lines == ["last"])
        #expect(FileManager.default.contents(atPath: large) == Data("last\n".utf8))
    }

    @Test("A history that can't be kept is one of this run")
    func noFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([0xFF, 0x0A, 0x61, 0x0A], to: "file")
        #expect(LineHistory(path: path).lines == ["a"])
        for path in [nil, path + "/below"] {
            var history = LineHistory(path: path)
            history.add("one")
            #expect(history.lines == ["one"])
        }
    }
}
