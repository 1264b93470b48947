import System

/// Choices in columns, as `ls` shows names.
enum CandidateList {
    /// The most that are shown.
    static let limit = 100

    /// Lines that fit a terminal of so many columns, if the choices do.
    static func text(_ labels: [String], columns: Int) -> String {
        let shown = labels.prefix(limit).map(\.onOneLine)
        let rest = labels.count - shown.count
        let widths = shown.map { $0.reduce(0) { $0 + $1.columns } }
        let width = (widths.max() ?? 0) + 2
        let perRow = max(1, (columns + 1) / width), rows = (shown.count + perRow - 1) / perRow
        let lines = (0..<rows).map { row in
            let indices = Array(stride(from: row, to: shown.count, by: rows))
            return indices.map { index in
                shown[index] + (index == indices.last ? "" : String(repeating: " ", count: width - widths[index]))
            }.joined()
        }
        return lines.joined(separator: "\n") + (rest > 0 ? "\nand \(rest) more" : "")
    }
}
