import Checkpoint
import Glibc
import Griffin
import Quantization
import Tiles

/// Reads pieces from a checkpoint and turns them into the bytes of the model file, on one thread.
///
/// Memory is bounded: a row of tiles as f32 (2B model: 0.5 MB; at most 64 MB), a turned matrix (0.3 MB; at most 64 MB), or a plain
/// tensor, which is a vector.
final class PieceEncoder {
    /// Channels in a block of the RG-LRU's gates, whose matrix is turned in memory; the published models have 256.
    static let widestGateBlock = 4096

    private let checkpoint: Checkpoint
    private let tensors: [MatchedTensor]
    /// What was read, row-major.
    private var weights = FloatBuffer()
    /// The twin's, to be compared.
    private var twins = FloatBuffer()
    private var panel: Panel?

    init(checkpoint: Checkpoint, tensors: [MatchedTensor]) {
        self.checkpoint = checkpoint
        self.tensors = tensors
    }

    /// Writes the ``Piece/byteCount`` bytes of a piece to `output` and returns how far they are from the checkpoint's numbers.
    func encode(_ piece: Piece, into output: UnsafeMutableRawPointer) throws(ConversionError) -> ErrorFigures {
        let tensor = tensors[piece.tensor]
        guard let shape = tensor.planned.matrixShape else {
            try encodePlain(tensor, into: output)
            return ErrorFigures()
        }
        let panel = panel(columns: shape.columns)
        var figures = ErrorFigures()
        var output = output
        func encode() throws(ConversionError) {
            do throws(QuantizationError) {
                figures.merge(try TileEncoder(tensor.type).encode(panel, into: output))
            } catch {
                throw overflowError(tensor, value: error.value)
            }
            output += shape.columnTiles * tensor.type.bytesPerTile
        }
        if tensor.planned.turn == .transposeEach {
            // In the checkpoint a matrix is [inputs, outputs].
            let count = shape.columns * shape.rows
            let matrix = piece.rowTiles.lowerBound / shape.rowTiles
            let numbers = try read(tensor, matrix * count..<(matrix + 1) * count)
            for rowTile in 0..<shape.rowTiles {
                let rows = shape.rows(ofRowTile: rowTile)
                panel.load(turnedRows: numbers + rows.lowerBound, stride: shape.rows, count: rows.count)
                try encode()
            }
        } else {
            for rowTile in piece.rowTiles {
                let rows = shape.rows(ofRowTile: rowTile)
                let numbers = try read(tensor, rows.lowerBound * shape.columns..<rows.upperBound * shape.columns)
                panel.load(rows: numbers, stride: shape.columns, count: rows.count)
                try encode()
            }
        }
        return figures
    }

    /// A vector as it is, or the convolution with its taps first.
    private func encodePlain(_ tensor: MatchedTensor, into output: UnsafeMutableRawPointer) throws(ConversionError) {
        let numbers = try read(tensor, 0..<tensor.source.count)
        let result = output.assumingMemoryBound(to: Float.self)
        switch tensor.planned.turn {
        case .tapsFirst:
            let taps = tensor.planned.dimensions[0], width = tensor.planned.dimensions[1]
            for tap in 0..<taps {
                for channel in 0..<width { result[tap * width + channel] = numbers[channel * taps + tap] }
            }
        case .none, .transposeEach:
            result.update(from: numbers, count: tensor.source.count)
        }
    }

    /// Numbers of a tensor in the checkpoint, valid until the next call.
    private func read(_ tensor: MatchedTensor, _ elements: Range<Int>) throws(ConversionError) -> UnsafePointer<Float> {
        let numbers = weights.room(for: elements.count)
        try translatingCheckpointErrors { () throws(CheckpointError) in
            try checkpoint.read(tensor.source, elements: elements, into: numbers)
            checkpoint.release(tensor.source, elements: elements)
        }
        if let twin = tensor.twin { try compare(tensor, twin, elements, numbers) }
        return UnsafePointer(numbers)
    }

    /// Throws unless the twin has the same numbers, bit by bit.
    private func compare(
        _ tensor: MatchedTensor, _ twin: CheckpointTensor, _ elements: Range<Int>, _ numbers: UnsafePointer<Float>
    ) throws(ConversionError) {
        let others = twins.room(for: elements.count)
        try translatingCheckpointErrors { () throws(CheckpointError) in
            try checkpoint.read(twin, elements: elements, into: others)
            checkpoint.release(twin, elements: elements)
        }
        guard memcmp(numbers, others, elements.count * MemoryLayout<Float>.size) == 0 else {
            throw ConversionError(
                .source, path: checkpoint.path(of: twin),
                problem: "tensor \(twin.name) differs from \(tensor.source.name), to which RecurrentGemma ties it",
                advice: "only models whose head is their embedding can be converted: remove the tensor if it is a mistake")
        }
    }

    private func panel(columns: Int) -> Panel {
        if let panel, panel.columns == columns { return panel }
        let panel = Panel(columns: columns)
        self.panel = panel
        return panel
    }

    private func overflowError(_ tensor: MatchedTensor, value: Float) -> ConversionError {
        ConversionError(
            .source, path: checkpoint.path(of: tensor.source),
            problem: "tensor \(tensor.source.name) has a weight of \(value), too large for \(tensor.type.name)",
            advice: "keep it in f32 with --tensor-type '\(tensor.source.name)=f32'")
    }
}

/// Memory for floats that grows to the largest number asked for.
private struct FloatBuffer: ~Copyable {
    private var memory: UnsafeMutablePointer<Float>?
    private var capacity = 0

    /// Room for `count` floats, whose values are undefined.
    mutating func room(for count: Int) -> UnsafeMutablePointer<Float> {
        if let memory, capacity >= count { return memory }
        memory?.deallocate()
        let larger = UnsafeMutablePointer<Float>.allocate(capacity: count)
        memory = larger
        capacity = count
        return larger
    }

    deinit { memory?.deallocate() }
}
