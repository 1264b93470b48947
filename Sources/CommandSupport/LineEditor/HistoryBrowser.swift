/// The way through earlier lines with the arrow keys; what is being typed is the newest.
struct HistoryBrowser {
    private var lines: [String]
    private var place: Int

    init(_ history: [String]) {
        lines = history + [""]
        place = history.count
    }

    /// The line before; nil at the oldest. `current` is kept where it stands.
    mutating func older(than current: String) -> String? { go(to: place - 1, from: current) }

    /// The line after; nil at the newest.
    mutating func newer(than current: String) -> String? { go(to: place + 1, from: current) }

    /// Goes to one of the lines; nil if there is none of that number.
    mutating func go(to other: Int, from current: String) -> String? {
        guard lines.indices.contains(other) else { return nil }
        lines[place] = current
        place = other
        return lines[other]
    }
}
