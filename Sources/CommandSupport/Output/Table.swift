/// A table of text with aligned columns.
public struct Table: CustomStringConvertible {
    /// The side of its column to which a cell is set.
    public enum Alignment: Sendable {
        /// For names.
        case left
        /// For numbers.
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// A table without rows, with columns named as given.
    public init(_ columns: (title: String, alignment: Alignment)...) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.title)]
    }

    /// Adds a row with one cell per column.
    public mutating func add(_ cells: String...) {
        precondition(cells.count == alignments.count, "as many cells as columns")
        rows.append(cells)
    }

    /// The titles and the rows, one line each.
    public var description: String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = alignments.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return alignments[column] == .left ? row[column] + space : space + row[column]
            }
            let line = cells.joined(separator: "  ")
            return String(line.prefix(upTo: line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)) + "\n"
        }.joined()
    }
}
