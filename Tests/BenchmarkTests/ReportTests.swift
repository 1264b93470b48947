import JSON
import KernelTypes
import Testing
import Tiles

@testable import Benchmark

@Suite struct ReportTests {
    private let machine = MachineDescription(
        processor: "A \"fast\" one", cacheBytes: 32 << 20, bufferBytes: 1 << 30, isBufferOnHugePages: true)
    private let model = ModelDescription(
        path: "models/small, new.rgq", label: "recurrent_gemma 2.68B q4", parameterCount: 2_682_000_000, mappedBytes: 1_510_000_000,
        allocatedBytes: 43_200_000, kernels: "avx2", threads: 2, chunk: 256, loadSeconds: 0.012, firstPromptTokens: 256,
        firstTokenSeconds: 3.25)

    private func row(
        _ test: SpeedTest, seconds: Samples, units: Int, _ unit: Speed.Unit, _ limit: Limit, threads: Int = 2
    ) -> ModelRow {
        ModelRow(
            machine: machine, model: model,
            result: SpeedResult(
                test: test, threads: threads, seconds: seconds, unitsPerRun: units, unit: unit, limit: limit,
                residentBytes: 1_550_000_000,
                privateBytes: 55_000_000),
            time: "2026-11-24T20:15:00Z")
    }

    private var prompt: ModelRow {
        row(
            SpeedTest(.prompt, tokens: 256, depth: 0), seconds: Samples(2, 4), units: 1_200_000_000_000, .operations,
            Limit(before: 900e9, after: 900e9, instructionsPerCycle: (4, 4)))
    }

    private var generation: ModelRow {
        row(
            SpeedTest(.generation, tokens: 64, depth: 2048), seconds: Samples(3.2), units: 96_000_000_000, .bytes,
            Limit(before: 30e9, after: 45e9, instructionsPerCycle: (4, 4)))
    }

    private func text(_ format: ReportFormat, _ rows: [ModelRow]) -> String {
        var report = Report<ModelRow>(format)
        return report.start + rows.map { report.add($0) }.joined() + report.end
    }

    @Test func markdownShowsSpeedBesideTheLimit() throws {
        let lines = text(.md, [prompt, generation]).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func cells(_ line: String) -> [String] {
            line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
        }
        #expect(cells(lines[0]) == ["model", "size", "kernels", "threads", "test", "t/s", "best", "speed", "limit", "of limit"])
        #expect(lines[1].allSatisfy { "|-: ".contains($0) })
        #expect(
            cells(lines[2]) == [
                "recurrent_gemma 2.68B q4", "1.51 GB", "avx2", "2", "pp256", "96.0 ± 45.3", "128", "450 GOPS", "900 GOPS", "50 %",
            ])
        #expect(
            cells(lines[3]) == [
                "recurrent_gemma 2.68B q4", "1.51 GB", "avx2", "2", "tg64 @ d2048", "20.0 ± 0.0", "20.0", "30.0 GB/s",
                "30.0…45.0 GB/s",
                "80 %",
            ])
        #expect(lines[4].isEmpty)
        let notes = lines[5...].joined(separator: "\n")
        #expect(notes.contains("1.07 GB on huge pages"))
        #expect(
            notes.contains("1.51 GB mapped, 43.2 MB allocated to compute; resident 1.55 GB, of which 55.0 MB belong to no file"))
        #expect(notes.contains("start on 2 threads: opened in 12.0 ms, logits after a prompt of 256 tokens 3250 ms from the start"))
        #expect(notes.contains("warning: in 1 of 2 tests the limit changed by more than 10 %"))
    }

    @Test func steadyLimitsAreNotWarnedOf() {
        #expect(!text(.md, [prompt]).contains("warning"))
    }

    @Test func coresThatHadAnotherThreadAreTold() {
        func row(_ before: Double, _ after: Double, threads: Int = 2) -> ModelRow {
            let limit = Limit(before: 30e9, after: 30e9, instructionsPerCycle: (before, after))
            let test = SpeedTest(.generation, tokens: 64, depth: 0)
            return self.row(test, seconds: Samples(2), units: 1 << 30, .bytes, limit, threads: threads)
        }
        #expect(!text(.md, [row(6, 5.9), row(5.1, 6)]).contains("warning"))
        let shared = text(.md, [row(6, 5.9), row(5.9, 3.02), row(6, 6)])
        #expect(
            shared.contains("warning: beside 1 of 3 tests on 2 threads a core executed down to 3.02 plain instructions per cycle"))
        #expect(shared.contains("at other times 6.00"))
        // More threads may have two on a core, or slower cores: that is nobody else's doing.
        #expect(!text(.md, [row(6, 6, threads: 1), row(3, 3, threads: 16)]).contains("warning"))
        // Who never had the core alone can't be told.
        #expect(!text(.md, [row(3, 3.1)]).contains("warning"))
    }

    @Test func modelThatFitsTheCachesIsNotBoundByMemory() {
        let small = MachineDescription(processor: "", cacheBytes: 1 << 30, bufferBytes: 1 << 30, isBufferOnHugePages: true)
        let row = ModelRow(machine: small, model: model, result: generation.result, time: "")
        #expect(text(.md, [row]).contains("caches hold much of so small a model"))
        #expect(!text(.md, [generation]).contains("caches hold"))
    }

    @Test func jsonHasLlamaBenchsNamesAndOurs() throws {
        let rows = try #require(try JSONValue(parsing: Array(text(.json, [prompt, generation]).utf8)).arrayValue)
        #expect(rows.count == 2)
        #expect(rows[0]["n_prompt"] == 256 && rows[0]["n_gen"] == 0 && rows[0]["n_depth"] == 0)
        #expect(rows[1]["n_prompt"] == 0 && rows[1]["n_gen"] == 64 && rows[1]["n_depth"] == 2048)
        #expect(rows[0]["avg_ts"]?.doubleValue == 96 && rows[0]["best_ts"]?.doubleValue == 128)
        #expect(rows[0]["avg_ns"] == 3_000_000_000 && rows[0]["samples_ns"] == [2_000_000_000, 4_000_000_000])
        #expect(rows[0]["operations_per_second"]?.doubleValue == 450e9 && rows[0]["bytes_per_second"]?.isNull == true)
        #expect(rows[0]["arithmetic_peak_before"]?.doubleValue == 900e9)
        #expect(rows[1]["bytes_per_second"]?.doubleValue == 30e9 && rows[1]["operations_per_second"]?.isNull == true)
        #expect(rows[1]["read_bandwidth_after"]?.doubleValue == 45e9)
        #expect(rows[1]["fraction_of_limit"]?.doubleValue == 0.8 && rows[1]["limit_is_steady"] == false)
        #expect(rows[1]["first_token_seconds"]?.doubleValue == 3.25 && rows[1]["load_seconds"]?.doubleValue == 0.012)
        #expect(rows[1]["mapped_bytes"] == 1_510_000_000 && rows[1]["allocated_bytes"] == 43_200_000)
        #expect(rows[1]["resident_bytes"] == 1_550_000_000 && rows[1]["private_bytes"] == 55_000_000)
        #expect(rows[0].objectValue?.members.map(\.key) == rows[1].objectValue?.members.map(\.key))
    }

    @Test func jsonWithoutRowsIsAnEmptyArray() throws {
        #expect(try JSONValue(parsing: Array(text(.json, []).utf8)) == [])
    }

    @Test func csvHasALineARowAndQuotesText() throws {
        let lines = text(.csv, [prompt, generation]).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4 && lines[3].isEmpty)
        #expect(lines[0].hasPrefix("\"cpu_info\",\"kernels\",\"model_filename\","))
        #expect(lines[1].hasPrefix("\"A \"\"fast\"\" one\",\"avx2\",\"models/small, new.rgq\","))
        let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false)
        #expect(!columns.contains("\"samples_ns\""))
        let generation = lines[2].split(separator: ",", omittingEmptySubsequences: false)
        // The comma in the file's name makes one more.
        #expect(generation.count == columns.count + 1)
        let operations = try #require(columns.firstIndex(of: "\"operations_per_second\""))
        #expect(generation[operations + 1].isEmpty)
    }

    @Test func kernelReportTellsTheCostOfASplit() throws {
        let shape = try #require(MatrixShape(rows: 7680, columns: 2560))
        let result = MatrixResult(
            name: "up_proj", shape: shape, type: .q8, tokens: 1, threads: 2, kernels: "avx2",
            tuning: Tuning(unpacksStrips: true, asksForEachLine: false), seconds: Samples(0.001),
            speed: Speed(.bytes, Samples(20.9e9), limit: Limit(before: 22e9, after: 22e9, instructionsPerCycle: (4, 4))))
        var report = Report<MatrixResult>(.md)
        let text = report.start + report.add(result) + report.end(machine: machine, forkJoin: [(2, 0.000_000_42)])
        #expect(text.contains("up_proj"))
        #expect(text.contains("7680×2560 | q8"))
        #expect(text.contains(" 20.9 |  39.3 |      22.0 GB/s |     95 % |"))
        #expect(text.contains("0.42 µs on 2 threads"))
        #expect(result.fields["fraction_of_limit"]?.doubleValue == 0.95)
    }

    @Test(arguments: [(6.043, "6.04"), (20.94, "20.9"), (99.97, "100"), (326.4, "326"), (1208, "1208"), (0.42, "0.42")])
    func figuresHaveThreeDigits(_ value: Double, _ text: String) {
        #expect(Figures.threeDigits(value) == text)
    }
}
