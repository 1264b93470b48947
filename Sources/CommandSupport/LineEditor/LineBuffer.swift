import System

/// A line of text that is being edited: characters as readers see them, and a cursor between two of them.
struct LineBuffer: Equatable {
    private(set) var characters: [Character] = []
    /// Characters before the cursor.
    private(set) var cursor = 0
    /// What was last deleted at once.
    private var deleted = ""

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }

    /// Replaces the text; the cursor goes to its end.
    mutating func replace(with text: String) {
        characters = []
        cursor = 0
        insert(text)
    }

    /// The text before the cursor.
    var textBeforeCursor: String { String(characters[..<cursor]) }

    /// Replaces the text; the cursor goes before so many of its characters.
    mutating func replace(with text: String, cursorAt place: Int) {
        replace(with: text)
        cursor = max(0, min(place, characters.count))
    }

    /// Replaces so many characters before the cursor.
    mutating func replace(last count: Int, with text: String) {
        remove(max(0, cursor - count)..<cursor)
        insert(text)
    }

    /// Inserts text at the cursor. Control characters are left out, except line breaks; tabs become spaces.
    mutating func insert(_ text: String) {
        let clean = String(
            String.UnicodeScalarView(
                text.unicodeScalars.compactMap { scalar in
                    scalar == "\t" ? " " : scalar == "\n" || scalar.properties.generalCategory != .control ? scalar : nil
                }))
        // Put together as text: a combining mark becomes part of the character before it.
        let before = Array(String(characters[..<cursor]) + clean)
        characters = Array(String(before) + String(characters[cursor...]))
        cursor = min(before.count, characters.count)
    }

    /// Does what a key says; false if the key isn't one that edits.
    mutating func apply(_ key: Key) -> Bool {
        switch key {
        case .text(let text): insert(text)
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .wordLeft: cursor = startOfWord
        case .wordRight: cursor = endOfWord
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete: remove(cursor..<min(characters.count, cursor + 1))
        case .deleteToStart: cut(0..<cursor)
        case .deleteToEnd: cut(cursor..<characters.count)
        case .deleteWord: cut(startOfPart..<cursor)
        case .insertDeleted: insert(deleted)
        default: return false
        }
        return true
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private mutating func cut(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        deleted = String(characters[range])
        remove(range)
    }

    /// Where the word before the cursor begins.
    private var startOfWord: Int { start { $0.isLetter || $0.isNumber } }
    /// Where the text without spaces before the cursor begins.
    private var startOfPart: Int { start { !$0.isWhitespace } }

    private func start(of belongs: (Character) -> Bool) -> Int {
        var place = cursor
        while place > 0, !belongs(characters[place - 1]) { place -= 1 }
        while place > 0, belongs(characters[place - 1]) { place -= 1 }
        return place
    }

    private var endOfWord: Int {
        var place = cursor
        while place < characters.count, !(characters[place].isLetter || characters[place].isNumber) { place += 1 }
        while place < characters.count, characters[place].isLetter || characters[place].isNumber { place += 1 }
        return place
    }

    /// The part of the line that fits all of the `columns` columns of a terminal except the last (at least one), and the column of
    /// the cursor, in that part or right after it. Of a longer line it is the part that the cursor is in, with some of what
    /// follows.
    func visible(columns: Int) -> (text: String, cursor: Int) {
        let room = max(1, columns - 1)
        let after = characters[cursor...].reduce(0) { $0 + $1.columns }
        var first = cursor
        var width = 0
        while first > 0, width + characters[first - 1].columns <= room - min(after, room / 4) {
            first -= 1
            width += characters[first].columns
        }
        let column = width
        var end = cursor
        while end < characters.count, width + characters[end].columns <= room {
            width += characters[end].columns
            end += 1
        }
        // Characters that command a terminal take no columns and are left out.
        let shown = characters[first..<end].filter { !$0.unicodeScalars.contains(where: \.isCommand) || $0 == "\n" }
        return (String(shown.map { $0 == "\n" ? Character("⏎") : $0 }), column)
    }
}
