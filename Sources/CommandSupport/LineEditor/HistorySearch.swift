import System

/// The way back through earlier lines to one that has some text in it, which is typed meanwhile: readline's Ctrl-R.
struct HistorySearch {
    /// What has been found with part of the text, or at an earlier press of the key.
    private struct Step {
        var query: String
        /// Number of the line; nil while there is none.
        var place: Int?
        var isFailing = false
    }

    private let lines: [String]
    private var step = Step(query: "", place: nil)
    /// The ways back for the Backspace key.
    private var former: [Step] = []

    /// A search from the newest line on.
    init(_ history: [String]) { lines = history }

    /// The text that is looked for.
    var query: String { step.query }
    /// Number of the line that was found.
    var place: Int? { step.place }
    /// True if no older line has the text.
    var isFailing: Bool { step.isFailing }

    /// The line that was found, and where in it the text begins.
    var found: (line: String, offset: Int)? {
        guard let place = step.place, let offset = Self.offset(of: step.query, in: lines[place]) else {
            return step.place.map { (lines[$0], lines[$0].count) }
        }
        return (lines[place], offset)
    }

    /// What is shown in place of the prompt, on a terminal of so many columns: half of them at most.
    func prompt(columns: Int) -> String {
        let shown = step.query.onOneLine
        let words = step.isFailing ? "nothing older with" : "search"
        let room = columns / 2 - words.count - 5
        guard room > 3 else { return columns < 12 ? "" : step.isFailing ? "none: " : "find: " }
        return "\(words) '\(shown.count > room ? "…" + shown.suffix(room - 1) : shown)': "
    }

    /// Looks for more text: in the line that was found, then in older ones.
    mutating func add(_ text: String) {
        let query = step.query + text
        go(to: step.isFailing ? nil : match(query, from: step.place ?? lines.count - 1), query)
    }

    /// Goes on to an older line, another than was found. Without a text, looks for `usual`.
    mutating func older(_ usual: String) {
        if step.query.isEmpty { return usual.isEmpty ? () : add(usual) }
        guard !step.isFailing else { return }
        var next = step.place.map { $0 - 1 } ?? lines.count - 1
        while let place = match(step.query, from: next) {
            if lines[place] != step.place.map({ lines[$0] }) { return go(to: place, step.query) }
            next = place - 1
        }
        go(to: nil, step.query)
    }

    /// Takes back what the last key did.
    mutating func back() {
        if let last = former.popLast() { step = last }
    }

    private mutating func go(to place: Int?, _ query: String) {
        former.append(step)
        step = Step(query: query, place: place ?? step.place, isFailing: place == nil)
    }

    private func match(_ query: String, from place: Int) -> Int? {
        stride(from: place, through: 0, by: -1).first { Self.offset(of: query, in: lines[$0]) != nil }
    }

    /// Characters before the text in a line.
    private static func offset(of query: String, in line: String) -> Int? {
        line.firstRange(of: query).map { line.distance(from: line.startIndex, to: $0.lowerBound) }
    }
}
