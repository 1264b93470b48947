import CommandSupport
import JSON
import RGEdge
import System

/// Feeds a session very many tokens and looks, at even distances, at what a token takes: whether it
/// depends on how many came before.
public final class LengthBenchmark {
    private let session: Session
    private let label: String
    private let source: [UInt32]?
    private var random = SplitMix(seed: 3)
    private var fed = 0

    /// Tokens fed one by one before each look.
    private static let probe = 32

    /// A new session of a model, to be fed these tokens over and over, or random ones.
    public init(_ model: Model, tokens: [UInt32]?) throws(ModelError) {
        session = try model.makeSession()
        label = model.label
        source = tokens
    }

    /// Feeds `count` tokens, most of them in chunks, and takes a sample at the end.
    public func sample(after count: Int) throws(ModelError) -> LengthSample {
        let probe = min(count, Self.probe)
        let prompt = next(count - probe), singles = next(probe)
        let promptSeconds = try Stopwatch.seconds { () throws(ModelError) in try session.feed(prompt) }
        var seconds: [Double] = []
        for token in singles { seconds.append(try Stopwatch.seconds { () throws(ModelError) in try session.feed([token]) }) }
        let memory = ProcessMemory.resident
        return LengthSample(
            label: label, window: session.model.configuration.window, position: Int(session.position),
            tokenSeconds: median(seconds),
            bestTokenSeconds: seconds.min() ?? 0,
            promptTokenSeconds: prompt.isEmpty ? nil : promptSeconds / Double(prompt.count), privateBytes: memory.privateBytes,
            residentBytes: memory.bytes)
    }

    private func next(_ count: Int) -> [UInt32] {
        guard let source, !source.isEmpty else { return random.tokens(count, below: session.model.configuration.vocabularySize) }
        defer { fed += count }
        return (0..<count).map { source[(fed + $0) % source.count] }
    }
}

/// What a token takes at a position.
public struct LengthSample: ReportRow {
    let label: String
    /// Positions that local attention sees.
    let window: Int
    let position: Int
    /// For a token fed alone, with its logits: the median of some, and the fastest of them, which other programs disturbed least.
    let tokenSeconds: Double
    let bestTokenSeconds: Double
    /// For a token in a chunk; nil if there were none.
    let promptTokenSeconds: Double?
    let privateBytes: Int
    let residentBytes: Int

    /// The columns of a table of such rows.
    public static var columns: [ReportColumn] {
        [
            ReportColumn("model", .left, width: 25), ReportColumn("position", .right, width: 9),
            ReportColumn("ms per token", .right, width: 12),
            ReportColumn("best", .right, width: 6),
            ReportColumn("ms in a chunk", .right, width: 13), ReportColumn("memory", .right, width: 7),
        ]
    }

    /// The row in a table.
    public var cells: [String] {
        [
            label, String(position), Format.short(tokenSeconds * 1000), Format.short(bestTokenSeconds * 1000),
            promptTokenSeconds.map { Format.short($0 * 1000) } ?? "",
            Format.bytes(privateBytes),
        ]
    }

    /// The row for programs, in nanoseconds and bytes.
    public var fields: JSONObject {
        var fields = JSONObject()
        fields["model_type"] = .string(label)
        fields["position"] = .integer(Int64(position))
        fields["token_ns"] = .rounded(tokenSeconds * 1e9)
        fields["best_token_ns"] = .rounded(bestTokenSeconds * 1e9)
        fields["prompt_token_ns"] = promptTokenSeconds.map { .rounded($0 * 1e9) } ?? .null
        fields["private_bytes"] = .integer(Int64(privateBytes))
        fields["resident_bytes"] = .integer(Int64(residentBytes))
        return fields
    }
}

extension Report<LengthSample> {
    /// The text with which the report ends: of the samples past the window, the first tenth beside the last.
    public var end: String {
        let rows = rows.filter { $0.position >= $0.window }
        let memory = "memory: resident memory that belongs to no file; rings of keys and values get theirs as they fill"
        guard let window = rows.first?.window else { return format.end(self.rows, notes: [memory]) }
        let count = max(1, rows.count / 10)
        func change(_ unit: String, _ figure: (LengthSample) -> Double) -> String {
            let first = median(rows.prefix(count).map(figure)), last = median(rows.suffix(count).map(figure))
            let percent = Format.fixed(100 * (last / first - 1), digits: 1)
            return "\(Format.short(first)) and \(Format.short(last)) \(unit) (\(percent.hasPrefix("-") ? "" : "+")\(percent) %)"
        }
        let parts = [change("ms per token at best") { $0.bestTokenSeconds * 1000 }, change("MB") { Double($0.privateBytes) / 1e6 }]
        return format.end(
            self.rows, notes: ["first and last tenth past the window of \(window): \(parts.joined(separator: ", "))", memory])
    }
}

/// The middle of some numbers, of which there must be one.
private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
