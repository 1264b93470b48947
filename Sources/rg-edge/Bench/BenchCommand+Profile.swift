import Benchmark
import CommandSupport
import Griffin
import RGEdge

extension BenchCommand {
    /// Prints, for each test and number of threads, the part of the time that each operation takes.
    func printProfiles(_ path: String) throws {
        for threads in threadCounts {
            let benchmark = try ModelBenchmark(
                path: path, options: options(threads: threads), firstPromptTokens: benchmarkPromptTokens)
            for test in tests {
                let profile = try benchmark.profile(test) { _ in }
                try StandardOutput.write(Self.table(profile, test, benchmark.model) + "\n")
            }
        }
    }

    private var benchmarkPromptTokens: Int { prompts.counts.max() ?? 1 }

    private static func table(_ profile: Profile, _ test: SpeedTest, _ model: Model) -> String {
        var table = Table(
            ("\(test.name), \(model.threads) threads, \(model.kernels.name)", .left), ("µs per token", .right), ("share", .right))
        func add(_ name: String, _ seconds: Double) {
            let microseconds = seconds * 1e6 / Double(test.tokens)
            let share = 100 * seconds / max(profile.totalSeconds, .leastNormalMagnitude)
            table.add(name, Format.fixed(microseconds, digits: 1), Format.fixed(share, digits: 1) + " %")
        }
        for operation in ForwardPass.Operation.allCases { add(operation.rawValue, profile.seconds(operation)) }
        add("all", profile.totalSeconds)
        return table.description
    }
}
