import Checkpoint
import Glibc
import Griffin
import Quantization
import System
import Tiles

/// Reads the tensors of a checkpoint as the model file has them, on one thread.
///
/// Memory is bounded: a row of tiles as f32 (2B model: 0.5 MB; at most 64 MB), a transposed matrix (0.3 MB; at most 64 MB), or a
/// plain tensor, which is a vector.
final class SourceReader {
    /// Channels in a block of the RG-LRU's gates, whose matrix is transposed in memory; the published models have 256.
    static let widestGateBlock = 4096

    private let checkpoint: Checkpoint
    /// What was read, row-major.
    private var weights = FloatBuffer()
    /// The twin's, to be compared.
    private var twins = FloatBuffer()
    private var panels = PanelBuffer()

    init(checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    /// Calls `body` with each row of tiles of a slice of a matrix, in order; the panel is valid until it returns.
    func forEachRowTile(
        of slice: Slice, _ tensor: MatchedTensor, shape: MatrixShape,
        _ body: (_ rowTile: Int, _ panel: Panel) throws(FileProblem) -> Void
    ) throws(FileProblem) {
        let panel = panels.panel(columns: shape.columns)
        if tensor.planned.transposition == .transposeEach {
            // In the checkpoint a matrix is [inputs, outputs].
            let count = shape.columns * shape.rows
            let matrix = slice.rowTiles.lowerBound / shape.rowTiles
            let numbers = try read(tensor, [matrix * count..<(matrix + 1) * count])
            for rowTile in slice.rowTiles {
                let rows = shape.rows(ofRowTile: rowTile)
                panel.load(transposedRows: numbers + rows.lowerBound - matrix * shape.rows, stride: shape.rows, count: rows.count)
                try body(rowTile, panel)
            }
        } else {
            for rowTile in slice.rowTiles {
                let rows = shape.rows(ofRowTile: rowTile)
                let numbers = try read(tensor, tensor.elements(ofRows: rows, columns: shape.columns))
                panel.load(rows: numbers, stride: shape.columns, count: rows.count)
                try body(rowTile, panel)
            }
        }
    }

    /// Writes a plain tensor to `result`, a vector as it is, or the convolution with its taps first.
    func readPlain(_ tensor: MatchedTensor, into result: UnsafeMutablePointer<Float>) throws(FileProblem) {
        let numbers = try read(tensor, [0..<tensor.source.count])
        switch tensor.planned.transposition {
        case .tapsFirst:
            let taps = tensor.planned.dimensions[0], width = tensor.planned.dimensions[1]
            for tap in 0..<taps {
                for channel in 0..<width { result[tap * width + channel] = numbers[channel * taps + tap] }
            }
        case .none, .transposeEach:
            result.update(from: numbers, count: tensor.source.count)
        }
    }

    /// Parts of a tensor in the checkpoint, one after the other, valid until the next call.
    private func read(_ tensor: MatchedTensor, _ parts: [Range<Int>]) throws(FileProblem) -> UnsafePointer<Float> {
        let numbers = weights.room(for: parts.reduce(0) { $0 + $1.count })
        var end = numbers
        for elements in parts {
            try checkpoint.read(tensor.source, elements: elements, into: end)
            checkpoint.release(tensor.source, elements: elements)
            if let twin = tensor.twin { try compare(tensor, twin, elements, end) }
            end += elements.count
        }
        return UnsafePointer(numbers)
    }

    /// Throws unless the twin has the same numbers, bit by bit.
    private func compare(
        _ tensor: MatchedTensor, _ twin: CheckpointTensor, _ elements: Range<Int>, _ numbers: UnsafePointer<Float>
    ) throws(FileProblem) {
        let others = twins.room(for: elements.count)
        try checkpoint.read(twin, elements: elements, into: others)
        checkpoint.release(twin, elements: elements)
        guard memcmp(numbers, others, elements.count * MemoryLayout<Float>.size) == 0 else {
            throw FileProblem(
                .content, path: checkpoint.path(of: twin),
                problem: "tensor \(twin.name) differs from \(tensor.source.name), to which RecurrentGemma ties it",
                advice: "only models whose head is their embedding can be converted: remove the tensor if it is a mistake")
        }
    }
}

extension MatchedTensor {
    /// Where the numbers of rows of a matrix lie in the checkpoint's tensor: one range, or as many as there are gaps between rows
    /// that are kept, and one.
    fileprivate func elements(ofRows rows: Range<Int>, columns: Int) -> [Range<Int>] {
        guard let kept = self.rows else { return [rows.lowerBound * columns..<rows.upperBound * columns] }
        var parts: [Range<Int>] = []
        for row in kept[rows] {
            let elements = Int(row) * columns..<(Int(row) + 1) * columns
            if let last = parts.last, last.upperBound == elements.lowerBound {
                parts[parts.count - 1] = last.lowerBound..<elements.upperBound
            } else {
                parts.append(elements)
            }
        }
        return parts
    }
}
