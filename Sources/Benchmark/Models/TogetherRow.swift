import CommandSupport
import JSON

/// What several sessions at once gave, in the words of llama.cpp's `llama-batched-bench`.
public struct TogetherRow: ReportRow {
    let machine: MachineDescription
    let model: ModelDescription
    let result: TogetherResult

    /// A row of a result.
    public init(machine: MachineDescription, model: ModelDescription, result: TogetherResult) {
        self.machine = machine
        self.model = model
        self.result = result
    }

    /// Tokens that all sessions hold in the end.
    private var heldTokens: Int { result.sessions * (result.depth + result.tokens) }
    private var perSession: Double { result.tokensPerSecond.mean / Double(result.sessions) }
    private var fractionOfLimit: Double { result.tokensPerSecond.mean / result.limit.mean }

    /// The columns of a table of such rows.
    public static var columns: [ReportColumn] {
        [
            ReportColumn("model", .left, width: 25), ReportColumn("kernels", .left, width: 10),
            ReportColumn("threads", .right, width: 7), ReportColumn("PP", .right, width: 5), ReportColumn("TG", .right, width: 5),
            ReportColumn("B", .right, width: 3), ReportColumn("N_KV", .right, width: 7),
            ReportColumn("S_TG t/s", .right, width: 14), ReportColumn("best", .right, width: 5),
            ReportColumn("a session", .right, width: 9),
            ReportColumn("limit", .right, width: 11), ReportColumn("of limit", .right, width: 8),
        ]
    }

    /// The row in a table.
    public var cells: [String] {
        let rate = result.tokensPerSecond, limit = result.limit
        return [
            model.label, model.kernels, String(model.threads), String(result.depth), String(result.tokens),
            String(result.sessions), String(heldTokens), Figures.meanAndDeviation(rate), Figures.threeDigits(rate.largest),
            Figures.threeDigits(perSession),
            limit.isSteady
                ? Figures.threeDigits(limit.mean) : "\(Figures.threeDigits(limit.before))…\(Figures.threeDigits(limit.after))",
            Figures.percent(fractionOfLimit),
        ]
    }

    /// The row for programs.
    public var fields: JSONObject {
        let rate = result.tokensPerSecond
        var fields = JSONObject()
        fields["cpu_info"] = .string(machine.processor)
        fields["kernels"] = .string(model.kernels)
        fields["model_filename"] = .string(model.path)
        fields["model_type"] = .string(model.label)
        fields["n_threads"] = .integer(Int64(model.threads))
        fields["pp"] = .integer(Int64(result.depth))
        fields["tg"] = .integer(Int64(result.tokens))
        fields["pl"] = .integer(Int64(result.sessions))
        fields["n_kv"] = .integer(Int64(heldTokens))
        fields["t_tg"] = .real(result.seconds.mean)
        fields["speed_tg"] = .real(rate.mean)
        fields["stddev_ts"] = .real(rate.deviation)
        fields["best_ts"] = .real(rate.largest)
        fields["session_ts"] = .real(perSession)
        fields["limit_before_ts"] = .real(result.limit.before)
        fields["limit_after_ts"] = .real(result.limit.after)
        fields["fraction_of_limit"] = .real(fractionOfLimit)
        fields.addInstructionsPerCycle(result.limit)
        return fields
    }
}

extension Report<TogetherRow> {
    /// The text with which the report ends.
    public var end: String { format.end(rows, notes: ReportNotes.notes(rows)) }
}
