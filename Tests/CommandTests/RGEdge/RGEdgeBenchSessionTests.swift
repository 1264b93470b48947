import Foundation
import JSON
import TestSupport
import Testing

/// What `bench` tells of sessions and of length, and the picture that is drawn of it.
@Suite(.serialized) struct RGEdgeBenchSessionTests {
    @Test func everyOperationIsMeasuredAtEveryPosition() throws {
        let folder = try TemporaryFolder()
        let outcome = try Command.rgEdge.run(
            "bench", "-m", try ConvertedModel.englishInQ4(), "--sessions", "-d", "10,200", "-r", "2", "-o", "json",
            environment: ["TMPDIR": folder.path])
        #expect(outcome.ending == .exit(0))
        #expect(outcome.errors.isEmpty)
        let rows = try #require(try JSONValue(parsing: outcome.output).arrayValue)
        #expect(rows.map { $0["position"]?.intValue } == [10, 10, 10, 10, 10, 200, 200, 200, 200, 200])
        #expect(rows.prefix(5).map { $0["operation"]?.stringValue } == ["fork", "checkpoint", "rewind", "save", "load"])
        #expect(rows.allSatisfy { $0["avg_ns"]?.doubleValue ?? 0 > 0 && $0["bytes"]?.intValue ?? 0 > 10_000 })
        #expect(try folder.contents().isEmpty)
        let table = try Command.rgEdge.run("bench", "-m", try ConvertedModel.englishInQ4(), "--sessions", "-r", "1")
        #expect(table.lines.count { $0.contains("| load ") } == 2)
    }

    @Test func aLongTextIsFedAndDrawn() throws {
        let folder = try TemporaryFolder()
        let model = try ConvertedModel.englishInQ4()
        let outcome = try Command.rgEdge.run(
            "bench", "-m", model, "--length", "5000", "--text", Fixtures.heldOut, "-t", "1", "-o", "csv")
        #expect(outcome.ending == .exit(0))
        #expect(outcome.lines.count == 101)
        #expect(outcome.lines.last?.split(separator: ",")[1] == "5000")
        let table = try Command.rgEdge.run("bench", "-m", model, "--length", "70", "-t", "1")
        #expect(table.lines.count { $0.hasPrefix("|") } == 72)

        let report = try folder.write(outcome.output, to: "report.csv")
        let result = try Python.run(
            """
            import subprocess, sys, xml.dom.minidom
            tool = [sys.executable, sys.argv[3]]
            subprocess.run(tool + ["-o", sys.argv[2], sys.argv[1], sys.argv[1]], check=True)
            picture = xml.dom.minidom.parse(sys.argv[2])
            # Memory and time of each report, and what Gemma's cache would take.
            lines = picture.getElementsByTagName("polyline")
            assert len(lines) == 5, len(lines)
            assert sum(len(line.getAttribute("points").split()) == 100 for line in lines) == 4
            open(sys.argv[1], "w").write("position,best_token_ns\\n1,2\\n")
            failed = subprocess.run(tool + ["-o", sys.argv[2], sys.argv[1]], capture_output=True, text=True)
            assert failed.returncode == 1 and "give what rg-edge bench" in failed.stderr, failed.stderr
            """, report, folder.file("picture.svg"), Python.tools + "/plot-length")
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test(arguments: [
        (["--sessions", "--length", "5"], "each go alone"), (["--length", "0"], "--length must be 1 to"),
        (["--text", "x"], "--text goes with --length"),
        (["--sessions", "--profile"], "each go alone"),
    ])
    func whatDoesNotGoTogetherIsAUsageError(arguments: [String], part: String) throws {
        let outcome = try Command.rgEdge.run(["bench", "-m", "model.rgq"] + arguments)
        #expect(outcome.ending == .exit(64))
        #expect(outcome.errors.contains(part))
    }
}
