import Griffin
import ModelFile
import Quantization
import Tiles

/// Reads slices of a model file back as the numbers of a checkpoint, on one thread.
final class SliceDecoder {
    private let file: ModelFile
    private let plan: [PlannedTensor]
    private var panels = PanelBuffer()

    /// For a file that has all tensors of the plan.
    init(file: ModelFile, plan: [PlannedTensor]) {
        self.file = file
        self.plan = plan
    }

    /// Writes the ``Slice/weightCount`` weights of a slice, row-major and transposed as in a checkpoint.
    func decode(_ slice: Slice, into numbers: UnsafeMutablePointer<Float>) {
        let planned = plan[slice.tensor]
        guard let tensor = file.tensor(named: planned.name), let bytes = file.bytes(of: tensor).baseAddress else { return }
        guard let shape = planned.matrixShape else {
            return Self.copy(bytes.assumingMemoryBound(to: Float.self), of: planned, to: numbers)
        }
        let panel = panels.panel(columns: shape.columns)
        let decoder = TileDecoder(tensor.type)
        let rowTileBytes = shape.columnTiles * tensor.type.bytesPerTile
        let first = shape.rows(ofRowTile: slice.rowTiles.lowerBound).lowerBound
        for rowTile in slice.rowTiles {
            let rows = shape.rows(ofRowTile: rowTile)
            decoder.decode(bytes + rowTile * rowTileBytes, into: panel)
            if planned.transposition == .transposeEach {
                panel.store(transposedRows: numbers + rows.lowerBound - first, stride: shape.rows, count: rows.count)
            } else {
                panel.store(rows: numbers + (rows.lowerBound - first) * shape.columns, stride: shape.columns, count: rows.count)
            }
        }
    }

    /// A plain tensor, the convolution with its channels first.
    private static func copy(_ stored: UnsafePointer<Float>, of planned: PlannedTensor, to numbers: UnsafeMutablePointer<Float>) {
        let count = planned.dimensions.reduce(1, *)
        switch planned.transposition {
        case .tapsFirst:
            let taps = planned.dimensions[0], width = planned.dimensions[1]
            for index in 0..<count { numbers[index] = stored[index % taps * width + index / taps] }
        case .none, .transposeEach:
            numbers.update(from: stored, count: count)
        }
    }
}
