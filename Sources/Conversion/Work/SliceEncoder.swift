import Checkpoint
import Griffin
import KernelTypes
import Quantization
import System
import Tiles

/// Reads slices from a checkpoint and turns them into the bytes of the model file, on one thread.
final class SliceEncoder {
    private let checkpoint: Checkpoint
    private let tensors: [MatchedTensor]
    private let reader: SourceReader
    private let covariances: CovarianceCache?
    private lazy var feedback = ErrorFeedback()

    /// `covariances` are those of tensors that have feedback; nil if none do.
    init(checkpoint: Checkpoint, tensors: [MatchedTensor], covariances: CovarianceCache?) {
        self.covariances = covariances
        self.checkpoint = checkpoint
        self.tensors = tensors
        reader = SourceReader(checkpoint: checkpoint)
    }

    /// Writes the bytes of a slice to `output` and returns how far they are from the checkpoint's numbers.
    func encode(_ slice: Slice, into output: UnsafeMutableRawPointer) throws(FileProblem) -> ErrorFigures {
        let tensor = tensors[slice.tensor]
        var figures = ErrorFigures()
        guard let shape = tensor.planned.matrixShape else {
            try reader.readPlain(tensor, into: output.assumingMemoryBound(to: Float.self))
            return figures
        }
        let covariances = tensor.hasFeedback ? try covariances?.covariances(of: tensor.planned) : nil
        var output = output
        try reader.forEachRowTile(of: slice, tensor, shape: shape) { rowTile, panel throws(FileProblem) in
            let matrix = rowTile / shape.rowTiles
            do throws(QuantizationError) {
                if let covariances {
                    let groups = covariances.count / shape.count
                    figures.merge(
                        try feedback.encode(panel, covariances[matrix * groups..<(matrix + 1) * groups], into: output))
                } else {
                    setImportance(of: tensor, matrix: matrix, panel)
                    figures.merge(try TileEncoder(tensor.type).encode(panel, into: output))
                }
            } catch {
                throw overflowError(tensor, value: error.value)
            }
            output += shape.columnTiles * tensor.type.bytesPerTile
        }
        return figures
    }

    /// Hands a panel the importance of the inputs of a matrix of a stack.
    private func setImportance(of tensor: MatchedTensor, matrix: Int, _ panel: Panel) {
        guard let importance = tensor.importance else { return panel.setImportance(nil) }
        importance.withUnsafeBufferPointer { panel.setImportance($0.baseAddress.map { $0 + matrix * panel.columns }) }
    }

    private func overflowError(_ tensor: MatchedTensor, value: Float) -> FileProblem {
        FileProblem(
            .content, path: checkpoint.path(of: tensor.source),
            problem: "tensor \(tensor.source.name) has a weight of \(value), too large for \(tensor.type.name)",
            advice: "keep it in f32 with --tensor-type '\(tensor.source.name)=f32'")
    }
}
