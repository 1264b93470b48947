import Benchmark
import CommandSupport
import Kernels
import Tiles

extension BenchCommand {
    /// Measures every matrix kernel for one token and for chunks.
    func measureKernels() throws {
        let chosen = set.kernels.flatMap { Kernels.named($0) } ?? Kernels.best
        let kernels = tuning.flatMap { Kernels.named(chosen.name, $0) } ?? chosen
        let status = StatusLine()
        defer { status.clear() }
        let buffer = try buffer()
        var report = Report<MatrixResult>(output)
        var forkJoin: [(threads: Int, seconds: Double)] = []
        try StandardOutput.write(report.start)
        for threads in threadCounts {
            let machine = Machine(threads: threads, kernels: kernels, buffer: buffer)
            if threads > 1 { forkJoin.append((threads, ForkJoin.measure(team: machine.team))) }
            for type in WeightType.allCases {
                let benchmark = MatrixBenchmark(machine: machine, type: type)
                for matrix in MatrixCase.recurrentGemma2B {
                    for tokens in MatrixCase.tokenCounts where tokens == 1 || matrix.takesChunks {
                        status.show("\(matrix.name) \(type.name), \(tokens) tokens, threads: \(threads)")
                        let result = benchmark.measure(matrix, tokens: tokens)
                        status.clear()
                        try StandardOutput.write(report.add(result))
                    }
                }
            }
        }
        try StandardOutput.write(report.end(machine: MachineDescription(buffer: buffer), forkJoin: forkJoin))
    }
}
