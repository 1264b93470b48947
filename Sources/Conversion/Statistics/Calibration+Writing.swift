import Checkpoint
import Files
import Griffin
import System

extension Calibration {
    /// What the metadata of statistics say they are.
    fileprivate static let format = "rg-edge input mean squares"

    /// Feeds the text and writes the statistics, for ``Importance``, to a file, which is under its name whole or not at all. It is
    /// checked first that the file can be written. The rest is as in ``run(progress:isCancelled:)``.
    public func write(
        to target: String, progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(FileProblem) {
        try checkIsNoSource(target, among: paths)
        let squares = InputSquares.inputCounts(of: weights.file)
        let moments = configuration.tensorPlan.filter { $0.inputName == $0.name }.compactMap { planned in
            planned.matrixShape.map { shape in
                let count = shape.count * InputGroups(columns: shape.columns).elementCount
                return (name: planned.name + Importance.momentsSuffix, count: count)
            }
        }
        func makeWriter(tokenCount: Int) throws(FileProblem) -> SafetensorsWriter {
            try SafetensorsWriter(
                target: target, replacing: .statistics,
                tensors: (squares + moments).map { .init(name: $0.name, type: .f32, dimensions: [$0.count]) },
                metadata: [("format", Self.format), ("tokens", "\(tokenCount)")])
        }
        _ = try makeWriter(tokenCount: 0)
        var tokenCount = 0
        let statistics = try run(
            progress: { done in
                tokenCount = done
                progress(done)
            }, isCancelled: isCancelled)
        // Only now is it known how many tokens there were.
        let writer = try makeWriter(tokenCount: tokenCount)
        func append(_ numbers: [Float]) throws(FileProblem) {
            try numbers.span.bytes.withUnsafeBytes { bytes throws(FileProblem) in try writer.append(bytes) }
        }
        for mean in statistics.squares.means { try append(mean.inputs) }
        try statistics.moments.forEachTriangle { numbers throws(FileProblem) in try append(numbers) }
        try writer.finish()
    }
}

extension FileKind {
    /// Files of statistics: safetensors files, that is the length of the table, then the table with the metadata first.
    fileprivate static let statistics = FileKind("a file of statistics") { start in
        let metadata = start.dropFirst(8)
        return metadata.starts(with: "{\"__metadata__\"".utf8)
            && String(decoding: metadata, as: UTF8.self).contains("\"\(Calibration.format)\"")
    }
}
