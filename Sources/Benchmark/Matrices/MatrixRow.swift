import JSON

extension MatrixResult: ReportRow {
    /// The columns of a table of such rows.
    public static var columns: [ReportColumn] {
        [
            ReportColumn("kernels", .left, width: 10), ReportColumn("threads", .right, width: 7),
            ReportColumn("matrix", .left, width: 10), ReportColumn("shape", .right, width: 11),
            ReportColumn("type", .left, width: 4), ReportColumn("tokens", .right, width: 6),
            ReportColumn("GB/s", .right, width: 5), ReportColumn("GOPS", .right, width: 5),
            ReportColumn("limit", .right, width: 14),
            ReportColumn("of limit", .right, width: 8),
        ]
    }

    /// The row in a table.
    public var cells: [String] {
        [
            kernels, String(threads), name, shape.description, type.name, String(tokens),
            Figures.threeDigits(bytesPerSecond.mean / 1e9), Figures.threeDigits(operationsPerSecond.mean / 1e9),
            Figures.limit(speed),
            Figures.percent(speed.fractionOfLimit),
        ]
    }

    /// The row for programs, in nanoseconds and bytes.
    public var fields: JSONObject {
        var fields = JSONObject()
        fields["cpu_info"] = .string(MachineDescription.processor)
        fields["kernels"] = .string(kernels)
        fields["tuning"] = .string(tuning.name)
        fields["n_threads"] = .integer(Int64(threads))
        fields["matrix"] = .string(name)
        fields["matrices"] = .integer(Int64(shape.count))
        fields["rows"] = .integer(Int64(shape.rows))
        fields["columns"] = .integer(Int64(shape.columns))
        fields["type"] = .string(type.name)
        fields["tokens"] = .integer(Int64(tokens))
        fields["avg_ns"] = .rounded(seconds.mean * 1e9)
        fields["stddev_ns"] = .rounded(seconds.deviation * 1e9)
        fields.add(speed)
        fields["matrix_bytes_per_second"] = .real(bytesPerSecond.mean)
        fields["matrix_operations_per_second"] = .real(operationsPerSecond.mean)
        return fields
    }
}
