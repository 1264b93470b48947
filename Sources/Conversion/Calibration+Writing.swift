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
        let matrices = InputSquares(file: weights.file).means
        let writer = try translatingFileErrors { () throws(FileError) in
            try SafetensorsWriter(
                target: target, tensors: matrices.map { .init(name: $0.name, type: .f32, dimensions: [$0.inputs.count]) },
                metadata: [("format", "rg-edge input mean squares"), ("tokens", "\(tokenCount)")])
        }
        let means = try run(progress: progress, isCancelled: isCancelled).means
        try translatingFileErrors { () throws(FileError) in
            for mean in means {
                try mean.inputs.span.bytes.withUnsafeBytes { bytes throws(FileError) in try writer.append(bytes) }
            }
            try writer.finish()
        }
    }
}
