import Benchmark
import CommandSupport
import RGEdge

extension BenchCommand {
    /// Measures numbers of sessions that generate at once, for each number of threads and tokens, at each depth.
    func measureTogether(_ path: String, sessions: [Int]) throws {
        let status = StatusLine()
        defer { status.clear() }
        var report = Report<TogetherRow>(output)
        var buffer: StreamBuffer?
        for threads in threadCounts {
            status.show("opening \(path)")
            let benchmark = try ModelBenchmark(path: path, options: options(threads: threads), firstPromptTokens: 1)
            let memory = try buffer ?? self.buffer(reserved: benchmark.model.residentBytes)
            if buffer == nil { try StandardOutput.write(report.start) }
            buffer = memory
            let machine = Machine(threads: threads, kernels: benchmark.model.kernels, buffer: memory)
            for depth in depths.counts.sorted() {
                for tokens in generations.counts where tokens > 0 {
                    for count in sessions {
                        let result = try benchmark.measure(
                            sessions: count, tokens: tokens, depth: depth, repetitions: repetitions, on: machine
                        ) { step in status.show("\(count) sessions, tg\(tokens), threads: \(threads); \(step)") }
                        status.clear()
                        let row = TogetherRow(
                            machine: MachineDescription(buffer: memory), model: benchmark.description, result: result)
                        try StandardOutput.write(report.add(row))
                    }
                }
            }
        }
        try StandardOutput.write(report.end)
    }
}
