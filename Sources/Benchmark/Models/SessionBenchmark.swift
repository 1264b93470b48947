import CommandSupport
import Glibc
import JSON
import RGEdge
import System

/// Measures what it takes to copy a session, to keep it in a file and to bring it back.
public final class SessionBenchmark {
    private let session: Session
    private let label: String
    private var tokens = SplitMix(seed: 3)

    /// A new session of a model.
    public init(_ model: Model) throws(ModelError) {
        session = try model.makeSession()
        label = model.label
    }

    /// Measures every operation at a position `repetitions` times, with a file at `path` that is removed afterwards. Positions must
    /// rise from call to call.
    public func measure(
        at position: Int, repetitions: Int, file path: String, progress: (String) -> Void
    ) throws(ModelError) -> [SessionResult] {
        let model = session.model
        while session.position < position {
            progress("feeding \(session.position) of \(position)")
            let count = min(16 * model.chunkCapacity, position - Int(session.position))
            try session.feed(tokens.tokens(count, below: model.configuration.vocabularySize))
        }
        defer { unlink(path) }
        let moment = try session.snapshot()
        let copied = session.largestSerialization
        // Kept until the time has been taken: giving memory back is not part of it.
        var kept: [AnyObject] = []

        func result(
            _ operation: SessionResult.Operation, bytes: Int, _ body: () throws(ModelError) -> Void
        ) throws(ModelError) -> SessionResult {
            progress("\(operation.rawValue) at \(position)")
            func time() throws(ModelError) -> Double {
                defer { kept.removeAll() }
                return try Stopwatch.seconds(body)
            }
            var seconds = Samples(try time())
            while seconds.values.count < repetitions { seconds.append(try time()) }
            return SessionResult(label: label, position: position, operation: operation, bytes: bytes, seconds: seconds)
        }
        let fileBytes = session.serialized().count
        return [
            try result(.fork, bytes: copied) { () throws(ModelError) in kept.append(try session.fork()) },
            try result(.checkpoint, bytes: copied) { () throws(ModelError) in kept.append(try session.snapshot()) },
            try result(.rewind, bytes: copied) { () throws(ModelError) in try session.restore(moment) },
            try result(.save, bytes: fileBytes) { () throws(ModelError) in try session.save(to: path) },
            try result(.load, bytes: fileBytes) { () throws(ModelError) in kept.append(try model.session(from: path)) },
        ]
    }
}

/// How long an operation on a session took.
public struct SessionResult: ReportRow {
    /// What was measured, as reports name it: `checkpoint` is `snapshot()`, `rewind` is `restore(_:)`.
    public enum Operation: String, Sendable {
        case fork, checkpoint, rewind, save, load
    }

    let label: String
    let position: Int
    let operation: Operation
    /// What is copied, or the size of the file.
    let bytes: Int
    let seconds: Samples

    /// The columns of a table of such rows.
    public static var columns: [ReportColumn] {
        [
            ReportColumn("model", .left, width: 25), ReportColumn("position", .right, width: 8),
            ReportColumn("operation", .left, width: 10),
            ReportColumn("bytes", .right, width: 7), ReportColumn("ms", .right, width: 14), ReportColumn("best", .right, width: 5),
        ]
    }

    /// The row in a table.
    public var cells: [String] {
        let milliseconds = seconds.map { $0 * 1000 }
        return [
            label, String(position), operation.rawValue, Format.bytes(bytes), Figures.meanAndDeviation(milliseconds),
            Figures.threeDigits(milliseconds.smallest),
        ]
    }

    /// The row for programs, in nanoseconds and bytes.
    public var fields: JSONObject {
        var fields = JSONObject()
        fields["model_type"] = .string(label)
        fields["position"] = .integer(Int64(position))
        fields["operation"] = .string(operation.rawValue)
        fields["bytes"] = .integer(Int64(bytes))
        fields["avg_ns"] = .rounded(seconds.mean * 1e9)
        fields["stddev_ns"] = .rounded(seconds.deviation * 1e9)
        fields["best_ns"] = .rounded(seconds.smallest * 1e9)
        return fields
    }
}

extension Report<SessionResult> {
    /// The text with which the report ends.
    public func end(folder: String) -> String {
        format.end(rows, notes: ["files in \(folder), written through to its disk; read from the page cache"])
    }
}
