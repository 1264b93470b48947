import Benchmark
import CommandSupport
import RGEdge

extension BenchCommand {
    /// Measures answers under a constraint beside free text, for each number of threads, at each depth.
    func measureConstraint(_ path: String) throws {
        let status = StatusLine()
        defer { status.clear() }
        var report = Report<ConstraintRow>(output)
        try StandardOutput.write(report.start)
        for threads in threadCounts {
            status.show("opening \(path)")
            let benchmark = try ModelBenchmark(path: path, options: options(threads: threads), firstPromptTokens: 1)
            guard let constraint = try form.constraint(for: benchmark.model) else { return }
            for depth in depths.counts.sorted() {
                let result = try benchmark.measure(constraint, depth: depth, repetitions: repetitions) { step in
                    status.show("answers, threads: \(threads); \(step)")
                }
                status.clear()
                let row = ConstraintRow(model: benchmark.description, result: result)
                try StandardOutput.write(report.add(row))
            }
        }
        try StandardOutput.write(report.end)
    }
}
