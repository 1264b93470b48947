import System

extension SpokenTurns {
    /// Characters that are shown of a question and of an answer, where they are only to remind of them.
    private static let questionLimit = 240, answerLimit = 480

    /// The turns as they stand on the screen when they are spoken.
    var text: String { lines { text, _ in text } }

    /// The same, in which what is long is without its middle.
    var reminder: String {
        lines { text, speaker in text.withoutMiddle(limit: speaker == .user ? Self.questionLimit : Self.answerLimit) }
    }

    private func lines(_ shown: (String, Turn.Speaker) -> String) -> String {
        turns.enumerated().map { index, turn in
            let text = shown(turn.text, turn.speaker)
            // A block of code begins with a line of its own.
            if turn.speaker == .user { return ["```", "~~~"].contains(where: text.hasPrefix) ? ">\n\(text)" : "> \(text)" }
            return index == 0 && turn.speaker == .unknown && !areAll ? "… \(text)" : text
        }.joined(separator: "\n")
    }
}

extension String {
    /// The beginning of a line, to know it by.
    var beginning: String {
        let start = onOneLine.prefix(40)
        return start.count < onOneLine.count ? start + "…" : String(start)
    }

    /// The text with at most about `limit` characters: of a longer one the beginning and, after a mark, the end, in whole words where
    /// that is possible.
    func withoutMiddle(limit: Int) -> String {
        guard count > limit else { return self }
        var start = prefix(limit * 3 / 5), end = suffix(limit * 2 / 5)
        if let space = start.lastIndex(where: \.isWhitespace) { start = start[..<space] }
        if let space = end.firstIndex(where: \.isWhitespace) { end = end[index(after: space)...] }
        return "\(start) […] \(end)"
    }
}
