import Benchmark
import CommandSupport
import Glibc
import RGEdge

extension BenchCommand {
    /// The model on the first number of threads: what is measured here doesn't depend on it much.
    private func open(_ path: String) throws(ModelError) -> Model {
        try Model(path: path, options: options(threads: threadCounts[0]))
    }

    /// Measures copies and files of a session: at the positions of -d, or in a window that is hardly begun and in one that is full.
    func measureSessions(_ path: String) throws {
        let status = StatusLine()
        defer { status.clear() }
        let model = try open(path)
        let benchmark = try SessionBenchmark(model)
        let window = model.configuration.window
        let positions = depths.counts == [0] ? [min(64, window), window] : depths.counts.sorted()
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var report = Report<SessionResult>(output)
        try StandardOutput.write(report.start)
        for position in positions {
            let results = try benchmark.measure(
                at: position, repetitions: repetitions, file: "\(folder)/rg-edge-bench-\(getpid()).rgs", progress: status.show)
            status.clear()
            for result in results { try StandardOutput.write(report.add(result)) }
        }
        try StandardOutput.write(report.end(folder: folder))
    }

    /// Measures what a token takes while a session becomes very long.
    func measureLength(_ path: String, tokens count: Int) throws {
        let status = StatusLine()
        defer { status.clear() }
        let model = try open(path)
        let text = try text.map { try InputText.contents(ofFile: $0) }
        let source = try text.map { try model.encode($0) }
        let benchmark = try LengthBenchmark(model, tokens: source)
        var report = Report<LengthSample>(output)
        try StandardOutput.write(report.start)
        let samples = min(100, count)
        for sample in 0..<samples {
            // Even distances, which add up to the whole.
            let distance = count * (sample + 1) / samples - count * sample / samples
            status.show("feeding \(count * sample / samples) of \(count)")
            let result = try benchmark.sample(after: distance)
            status.clear()
            try StandardOutput.write(report.add(result))
        }
        try StandardOutput.write(report.end)
    }
}
