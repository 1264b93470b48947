/// A report that is written row by row.
public struct Report<Row: ReportRow> {
    /// What has been reported so far.
    public private(set) var rows: [Row] = []
    let format: ReportFormat

    /// A report without rows.
    public init(_ format: ReportFormat) { self.format = format }

    /// The text with which the report starts.
    public var start: String { format.start(Row.self) }

    /// Adds a row and returns its text.
    public mutating func add(_ row: Row) -> String {
        rows.append(row)
        return format.text(row, index: rows.count - 1)
    }
}

extension Report<ModelRow> {
    /// The text with which the report ends.
    public var end: String { format.end(rows, notes: ReportNotes.notes(rows)) }
}

extension Report<MatrixResult> {
    /// The text with which the report ends. `forkJoin` has the seconds of a split for each number of threads above one.
    public func end(machine: MachineDescription, forkJoin: [(threads: Int, seconds: Double)]) -> String {
        format.end(rows, notes: ReportNotes.notes(rows, machine: machine, forkJoin: forkJoin))
    }
}
