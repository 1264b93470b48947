import CommandSupport
import JSON

/// What is measured, as a row of a report.
public protocol ReportRow {
    /// The columns of a table for people.
    static var columns: [ReportColumn] { get }
    /// One cell per column.
    var cells: [String] { get }
    /// Everything, for programs; the same keys in every row.
    var fields: JSONObject { get }
}

/// A column of a table whose rows are shown before all of them are known.
public struct ReportColumn: Sendable {
    let title: String
    let alignment: Table.Alignment
    /// Characters that cells are expected to have at most.
    let width: Int

    init(_ title: String, _ alignment: Table.Alignment, width: Int) {
        self.title = title
        self.alignment = alignment
        self.width = max(width, title.count)
    }

    fileprivate func padded(_ cell: String) -> String {
        let space = String(repeating: " ", count: max(0, width - cell.count))
        return alignment == .left ? cell + space : space + cell
    }

    /// The line below the title, which tells Markdown the alignment.
    fileprivate var rule: String {
        alignment == .left ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
    }
}

/// How a report is written: llama-bench's names and what they stand for.
public enum ReportFormat: String, CaseIterable, Sendable {
    /// A table in Markdown, then notes.
    case md
    /// An array with one object per row, all of it at the end: it is complete or not there.
    case json
    /// A line with the names, then one line per row. Leaves lists out.
    case csv

    /// What comes before the rows.
    public func start<Row: ReportRow>(_ row: Row.Type) -> String {
        guard self == .md else { return "" }
        return line(Row.columns.map { $0.padded($0.title) }) + line(Row.columns.map(\.rule))
    }

    /// What is written as soon as row number `index` is known.
    public func text<Row: ReportRow>(_ row: Row, index: Int) -> String {
        switch self {
        case .md: line(zip(Row.columns, row.cells).map { $0.padded($1) })
        case .json: ""
        case .csv: (index == 0 ? csv(row.fields) { .string($0.key) } : "") + csv(row.fields, \.value)
        }
    }

    /// What comes after the rows.
    public func end<Row: ReportRow>(_ rows: [Row], notes: [String]) -> String {
        switch self {
        case .md: notes.isEmpty ? "" : "\n" + notes.map { $0 + "\n" }.joined()
        case .json: String(decoding: JSONValue.array(rows.map { .object($0.fields) }).serialized(indented: true), as: UTF8.self)
        case .csv: ""
        }
    }

    private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

    private func csv(_ fields: JSONObject, _ value: (JSONObject.Member) -> JSONValue) -> String {
        fields.members.filter { $0.value.arrayValue == nil }.map { csv(value($0)) }.joined(separator: ",") + "\n"
    }

    /// A value as RFC 4180 has it: strings in quotes, quotes in them doubled; nothing for null.
    private func csv(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text):
            "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        default: String(decoding: value.serialized(), as: UTF8.self)
        }
    }
}
