import Checkpoint
import Files
import Griffin

extension Calibration {
    /// Feeds the text and writes the statistics, for ``Importance``, to a file, which is under its name whole or not at all. That
    /// it can be written is checked first. The rest is as in ``run(progress:isCancelled:)``.
    public func write(
        to target: String, progress: (_ done: Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(ConversionError) {
        try checkIsNoSource(target, among: paths)
        let squares = InputSquares.inputCounts(of: weights.file)
        let moments = configuration.tensorPlan.filter { $0.inputName == $0.name }.compactMap { planned in
            planned.matrixShape.map { shape in
                let count = shape.count * InputGroups(columns: shape.columns).elementCount
                return (name: planned.name + Importance.momentsSuffix, count: count)
            }
        }
        let writer = try translatingFileErrors { () throws(FileError) in
            try SafetensorsWriter(
                target: target, tensors: (squares + moments).map { .init(name: $0.name, type: .f32, dimensions: [$0.count]) },
                metadata: [("format", "rg-edge input mean squares"), ("tokens", "\(tokenCount)")])
        }
        let statistics = try run(progress: progress, isCancelled: isCancelled)
        try translatingFileErrors { () throws(FileError) in
            func append(_ numbers: [Float]) throws(FileError) {
                try numbers.span.bytes.withUnsafeBytes { bytes throws(FileError) in try writer.append(bytes) }
            }
            for mean in statistics.squares.means { try append(mean.inputs) }
            try statistics.moments.forEachTriangle { numbers throws(FileError) in try append(numbers) }
            try writer.finish()
        }
    }
}
