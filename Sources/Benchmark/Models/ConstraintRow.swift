import CommandSupport
import JSON

/// What answers under a constraint gave, beside free text.
public struct ConstraintRow: ReportRow {
    let model: ModelDescription
    let result: ConstraintResult

    /// A row of a result.
    public init(model: ModelDescription, result: ConstraintResult) {
        self.model = model
        self.result = result
    }

    /// The columns of a table of such rows.
    public static var columns: [ReportColumn] {
        [
            ReportColumn("model", .left, width: 25), ReportColumn("kernels", .left, width: 10),
            ReportColumn("threads", .right, width: 7), ReportColumn("depth", .right, width: 5),
            ReportColumn("tokens", .right, width: 6), ReportColumn("no choice", .right, width: 9),
            ReportColumn("t/s", .right, width: 14), ReportColumn("first", .right, width: 5),
            ReportColumn("free t/s", .right, width: 14), ReportColumn("times", .right, width: 12),
        ]
    }

    /// The row in a table.
    public var cells: [String] {
        [
            model.label, model.kernels, String(model.threads), String(result.depth), Figures.threeDigits(result.tokens),
            Figures.percent(result.forcedTokens / max(1, result.tokens)), Figures.meanAndDeviation(result.tokensPerSecond),
            Figures.threeDigits(result.firstTokensPerSecond), Figures.meanAndDeviation(result.freeTokensPerSecond),
            Figures.meanAndDeviation(result.ratios),
        ]
    }

    /// The row for programs.
    public var fields: JSONObject {
        var fields = JSONObject()
        fields["cpu_info"] = .string(MachineDescription.processor)
        fields["kernels"] = .string(model.kernels)
        fields["model_filename"] = .string(model.path)
        fields["model_type"] = .string(model.label)
        fields["n_threads"] = .integer(Int64(model.threads))
        fields["n_depth"] = .integer(Int64(result.depth))
        fields["tokens"] = .real(result.tokens)
        fields["forced_tokens"] = .real(result.forcedTokens)
        fields["avg_ts"] = .real(result.tokensPerSecond.mean)
        fields["stddev_ts"] = .real(result.tokensPerSecond.deviation)
        fields["first_ts"] = .real(result.firstTokensPerSecond)
        fields["free_avg_ts"] = .real(result.freeTokensPerSecond.mean)
        fields["free_stddev_ts"] = .real(result.freeTokensPerSecond.deviation)
        fields["avg_ratio"] = .real(result.ratios.mean)
        return fields
    }
}

extension Report<ConstraintRow> {
    /// The text with which the report ends.
    public var end: String { format.end(rows, notes: ReportNotes.notes(rows)) }
}
