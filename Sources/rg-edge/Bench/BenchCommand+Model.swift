import Benchmark
import CommandSupport
import RGEdge

extension BenchCommand {
    /// Runs all tests of a model, for each number of threads in turn.
    func measureModel(_ path: String) throws {
        let status = StatusLine()
        defer { status.clear() }
        var report = Report<ModelRow>(output)
        var buffer: StreamBuffer?
        for threads in threadCounts {
            status.show("opening \(path)")
            let benchmark = try ModelBenchmark(
                path: path, options: options(threads: threads), firstPromptTokens: firstPromptTokens)
            let memory = try buffer ?? self.buffer(reserved: benchmark.model.residentBytes)
            if buffer == nil { try StandardOutput.write(report.start) }
            buffer = memory
            let machine = Machine(threads: threads, kernels: benchmark.model.kernels, buffer: memory)
            for test in tests {
                let result = try benchmark.measure(test, repetitions: repetitions, on: machine) { step in
                    status.show("\(test.name), threads: \(threads); \(step)")
                }
                status.clear()
                let row = ModelRow(machine: MachineDescription(buffer: memory), model: benchmark.description, result: result)
                try StandardOutput.write(report.add(row))
            }
        }
        try StandardOutput.write(report.end)
    }

    /// The prompt for which the time to the first token is taken: the first that is measured.
    private var firstPromptTokens: Int { prompts.counts.first { $0 > 0 } ?? 1 }
}
