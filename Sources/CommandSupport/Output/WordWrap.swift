/// Breaks lines between words while text comes part by part and each part is shown at once.
///
/// A word that crosses the edge goes on the next line; what the terminal shows of it already is erased by the same write. Wide
/// characters, as of Chinese, are words of their own. Two things are left to the terminal, which cuts them at its edge, so that
/// whoever copies them gets them whole: words that are longer than a line, and lines of code, between two lines that begin with
/// three backquotes or tildes.
struct WordWrap {
    /// Columns that the row has; 0 before the first part.
    private var columns = 0
    /// Columns of the row that are used.
    private var column = 0
    /// Where the word that is under way begins.
    private var start = 0
    /// What the terminal shows of that word.
    private var shown = ""
    /// What it is yet to show of it.
    private var pending = ""
    /// True if the word can't be moved any more: it is longer than a line, or where it stands isn't known.
    private var isFixed = false
    /// True after a character that a line may be broken after, whatever follows.
    private var mayBreak = false
    /// True after what opens a bracket or a quotation, which goes with what follows.
    private var isOpened = false
    private var code = CodeFence()

    /// The last column stays free: some terminals go on to the next line after it.
    private var limit: Int { max(1, columns - 1) }

    /// What shows `text`, in which nothing commands the terminal, after what has been shown so far, on a terminal of so many
    /// columns.
    mutating func add(_ text: String, columns: Int) -> String {
        resize(to: columns)
        var output = ""
        for character in joined(text) {
            let isCode = code.isInside
            code.note(character)
            if isCode, character != "\n" {
                output.append(character)
            } else {
                add(character, to: &output)
            }
        }
        flush(to: &output)
        return output
    }

    /// Another width: terminals wrap a row that is too long now, or cut it. Where its word stands then isn't known, and the next one
    /// begins a line.
    private mutating func resize(to columns: Int) {
        defer { self.columns = columns }
        guard columns != self.columns, column >= columns else { return }
        isFixed = !shown.isEmpty
        if shown.isEmpty { start = .max }
        column = .max
    }

    /// The text without what of it belongs to the last character shown, which goes with that.
    private mutating func joined(_ text: String) -> Substring {
        guard let last = shown.last, let first = (String(last) + text).first else { return text[...] }
        let scalars = text.unicodeScalars.prefix(first.unicodeScalars.count - last.unicodeScalars.count)
        pending.unicodeScalars.append(contentsOf: scalars)
        return text[scalars.endIndex...]
    }

    private mutating func add(_ character: Character, to output: inout String) {
        switch character {
        case "\n":
            endWord(&output)
            output.append(character)
            (column, start) = (0, 0)
        case _ where character.isBreakableSpace: addSpace(character, to: &output)
        default:
            let isWide = character.columns > 1, isOpening = character.isOpening
            let sticks = isOpened || character.columns == 0 || character.isPunctuation && !isOpening
            if mayBreak || isWide, !sticks { endWord(&output) }
            pending.append(character)
            if character.columns > 0 { (mayBreak, isOpened) = (isWide && !isOpening, isOpening) }
        }
    }

    /// A space that there is no room for is left out: the next word begins a line.
    private mutating func addSpace(_ character: Character, to output: inout String) {
        endWord(&output)
        let width = character == "\t" ? 8 - column % 8 : character.columns
        guard column < limit, width <= limit - column else {
            (column, start) = (.max, .max)
            return
        }
        output.append(character)
        column += width
        start = column
    }

    private mutating func endWord(_ output: inout String) {
        flush(to: &output)
        shown = ""
        start = column
        (isFixed, mayBreak, isOpened) = (false, false, false)
    }

    /// Shows what is pending of the word, on the next line if it crosses the edge.
    private mutating func flush(to output: inout String) {
        guard !pending.isEmpty else { return }
        defer { pending = "" }
        if isFixed {
            // Enough to join marks to its last character.
            shown = String((shown + pending).suffix(1))
            output += pending
            return
        }
        let word = shown + pending
        let width = word.reduce(0) { $0 + $1.columns }
        if start > 0, start > limit - min(width, limit) {
            if !shown.isEmpty { output += "\r\u{1B}[\(start)C\u{1B}[K" }
            output += "\n" + word
            start = 0
        } else {
            output += pending
        }
        shown = word
        column = start + width
        if column > limit { (isFixed, column) = (true, .max) }
    }
}

/// Whether a text is within code, as its lines come (CommonMark 0.31, "Fenced code blocks").
private struct CodeFence {
    /// What the block began with, and ends with; nil outside of blocks.
    private var fence: String?
    /// The first characters of the line, without the spaces before them.
    private var beginning = ""
    /// True if the line has a backquote after other signs: then it is no fence of backquotes.
    private var isInline = false, hasOthers = false

    var isInside: Bool { fence != nil }

    mutating func note(_ character: Character) {
        if character == "\n" {
            if beginning == fence {
                fence = nil
            } else if fence == nil, beginning == "~~~" || beginning == "```" && !isInline {
                fence = beginning
            }
            (beginning, isInline, hasOthers) = ("", false, false)
        } else if beginning.utf8.count < 3 {
            if !beginning.isEmpty || character != " " { beginning.append(character) }
        } else if character != "`" {
            hasOthers = true
        } else if hasOthers {
            isInline = true
        }
    }
}

extension Character {
    /// True for spaces that a line may be broken at.
    fileprivate var isBreakableSpace: Bool { isWhitespace && self != "\u{A0}" && self != "\u{202F}" && self != "\u{2007}" }

    /// True for what opens a bracket or a quotation.
    fileprivate var isOpening: Bool {
        switch unicodeScalars.first?.properties.generalCategory {
        case .openPunctuation, .initialPunctuation: true
        default: false
        }
    }
}
