import JSON
import Testing

@testable import Benchmark

@Suite struct SessionReportTests {
    @Test func sessionOperationsHaveTheirMeanAndBest() throws {
        let result = SessionResult(
            label: "recurrent_gemma 2.68B q4", position: 2048, operation: .save, bytes: 18_538_778, seconds: Samples(0.03, 0.05))
        var report = Report<SessionResult>(.md)
        let row = report.add(result)
        #expect(
            row.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }.dropLast() == [
                "recurrent_gemma 2.68B q4", "2048", "save", "18.5 MB", "40.0 ± 14.1", "30.0",
            ])
        #expect(report.end(folder: "/tmp").contains("files in /tmp"))
        #expect(result.fields["avg_ns"] == 40_000_000)
        #expect(result.fields["best_ns"] == 30_000_000)
    }

    private func sample(_ position: Int, milliseconds: Double, bytes: Int) -> LengthSample {
        LengthSample(
            label: "m", window: 128, position: position, tokenSeconds: milliseconds / 500, bestTokenSeconds: milliseconds / 1000,
            promptTokenSeconds: nil, privateBytes: bytes,
            residentBytes: 2 * bytes)
    }

    @Test func theFirstTenthPastTheWindowStandsBesideTheLast() throws {
        var report = Report<LengthSample>(.md)
        // Before the window is full, all is less.
        for index in 0..<10 { _ = report.add(sample(10 + index, milliseconds: 1, bytes: 1_000_000)) }
        for index in 0..<30 {
            _ = report.add(sample(200 + index, milliseconds: index < 27 ? 2 : 2.2, bytes: index < 3 ? 8_000_000 : 6_000_000))
        }
        #expect(
            report.end.contains(
                "first and last tenth past the window of 128: 2 and 2.2 ms per token at best (+10.0 %), 8 and 6 MB (-25.0 %)"))
    }

    @Test func aRunWithinTheWindowComparesNothing() {
        var report = Report<LengthSample>(.md)
        #expect(!report.end.contains("tenth"))
        _ = report.add(sample(100, milliseconds: 1, bytes: 1))
        #expect(!report.end.contains("tenth"))
    }
}
