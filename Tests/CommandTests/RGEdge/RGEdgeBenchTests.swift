import JSON
import TestSupport
import Testing

/// That `bench` measures and reports; how fast, no test can know.
@Suite(.serialized) struct RGEdgeBenchTests {
    @Test func jsonHasEveryTestOnEveryNumberOfThreads() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.run(
            "bench", "-m", model, "-p", "16", "-n", "4", "-d", "8", "-t", "1,2", "-r", "2", "-o", "json", "--kernels", "scalar")
        #expect(outcome.ending == .exit(0))
        #expect(outcome.errors.isEmpty)
        let rows = try #require(try JSONValue(parsing: outcome.output).arrayValue)
        func values(_ key: String) -> [Int?] { rows.map { $0[key]?.intValue } }
        #expect(values("n_threads") == [1, 1, 2, 2])
        #expect(values("n_depth") == [8, 8, 8, 8])
        #expect(values("n_prompt") == [16, 0, 16, 0])
        #expect(values("n_gen") == [0, 4, 0, 4])
        for row in rows {
            #expect(row["kernels"] == "scalar")
            #expect(row["model_filename"] == .string(model))
            #expect(row["samples_ts"]?.arrayValue?.count == 2)
            for key in ["avg_ts", "best_ts", "fraction_of_limit", "load_seconds", "first_token_seconds", "private_bytes"] {
                #expect(row[key]?.doubleValue ?? 0 > 0, "\(key)")
            }
            #expect(row["bytes_per_second"]?.isNull == (row["n_gen"] == 0))
            #expect(row["operations_per_second"]?.isNull == (row["n_prompt"] == 0))
        }
    }

    @Test func sessionsAtOnceAreCountedAsLlamaBatchedBenchCounts() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.run(
            "bench", "-m", model, "--sessions-at-once", "1,3", "-n", "4", "-d", "8", "-t", "1", "-r", "2", "-o", "json")
        #expect(outcome.ending == .exit(0))
        #expect(outcome.errors.isEmpty)
        let rows = try #require(try JSONValue(parsing: outcome.output).arrayValue)
        func values(_ key: String) -> [Int?] { rows.map { $0[key]?.intValue } }
        #expect(values("pl") == [1, 3])
        #expect(values("pp") == [8, 8] && values("tg") == [4, 4])
        #expect(values("n_kv") == [12, 36])
        for row in rows {
            for key in ["t_tg", "speed_tg", "session_ts", "limit_before_ts", "fraction_of_limit"] {
                #expect(row[key]?.doubleValue ?? 0 > 0, "\(key)")
            }
        }
    }

    @Test func tableIsTheDefaultAndZeroLeavesATestOut() throws {
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.run("bench", "-m", model, "-p", "0", "-n", "4", "-r", "1", "-t", "1")
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines[0].hasPrefix("| model"))
        #expect(outcome.lines[2].contains(" tg4 |"))
        #expect(outcome.lines.count { $0.hasPrefix("|") } == 3)
        #expect(outcome.text.contains(" mapped, ") && outcome.text.contains("; resident "))
    }

    @Test(arguments: [
        (["-p", "0", "-n", "0"], "Nothing to measure: both -p and -n are 0"),
        (["-p", "many"], "The value 'many' is invalid for '-p <list>'"),
        (["-n", "-4"], "Missing value for '-n <list>'"),
        (["-t", "1,0"], "--threads must be 1 to 1024, not 0"),
        (["-r", "0"], "--repetitions must be 1 to 1000, not 0"),
        (["-o", "xml"], "The value 'xml' is invalid for '-o <output>'"),
        (["--kernels", "abacus"], "There are no kernels 'abacus'"),
        (["--tuning", "fast"], "The value 'fast' is invalid for '--tuning <way>'"),
        (["--tuning", "lines"], "--tuning goes with --kernels-only"),
        (["--kernels-only"], "--kernels-only goes without a model file"),
        (["--sessions-at-once", "2,1025"], "--sessions-at-once must be 1 to 1024, not 1025"),
        (
            ["--sessions-at-once", "2", "--sessions"],
            "--kernels-only, --profile, --sessions, --sessions-at-once, --length and the form of answers each go alone"
        ),
    ])
    func argumentThatMakesNoSenseIsAUsageError(_ arguments: [String], _ message: String) throws {
        let outcome = try Command.rgEdge.run(["bench", "-m", "model.rgq"] + arguments)
        #expect(outcome.ending == .exit(64))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("rg-edge: \(message)"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }

    @Test func missingModelIsOneLine() throws {
        let outcome = try Command.rgEdge.run("bench", "-m", "/nowhere/model.rgq")
        #expect(outcome.ending == .exit(1))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("rg-edge: /nowhere/model.rgq: "))
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }
}
