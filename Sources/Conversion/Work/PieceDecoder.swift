import Griffin
import ModelFile
import Quantization
import Tiles

/// Reads pieces of a model file back as the numbers of a checkpoint, on one thread.
final class PieceDecoder {
    private let file: ModelFile
    private let plan: [PlannedTensor]
    private var panels = PanelBuffer()

    /// For a file that has all tensors of the plan.
    init(file: ModelFile, plan: [PlannedTensor]) {
        self.file = file
        self.plan = plan
    }

    /// Writes the ``Piece/weightCount`` weights of a piece, row-major and turned as in a checkpoint.
    func decode(_ piece: Piece, into numbers: UnsafeMutablePointer<Float>) {
        let planned = plan[piece.tensor]
        guard let tensor = file.tensor(named: planned.name), let bytes = file.bytes(of: tensor).baseAddress else { return }
        guard let shape = planned.matrixShape else {
            return Self.copy(bytes.assumingMemoryBound(to: Float.self), of: planned, to: numbers)
        }
        let panel = panels.panel(columns: shape.columns)
        let decoder = TileDecoder(tensor.type)
        let rowTileBytes = shape.columnTiles * tensor.type.bytesPerTile
        let first = shape.rows(ofRowTile: piece.rowTiles.lowerBound).lowerBound
        for rowTile in piece.rowTiles {
            let rows = shape.rows(ofRowTile: rowTile)
            decoder.decode(bytes + rowTile * rowTileBytes, into: panel)
            if planned.turn == .transposeEach {
                panel.store(turnedRows: numbers + rows.lowerBound - first, stride: shape.rows, count: rows.count)
            } else {
                panel.store(rows: numbers + (rows.lowerBound - first) * shape.columns, stride: shape.columns, count: rows.count)
            }
        }
    }

    /// A plain tensor, the convolution with its channels first.
    private static func copy(_ stored: UnsafePointer<Float>, of planned: PlannedTensor, to numbers: UnsafeMutablePointer<Float>) {
        let count = planned.dimensions.reduce(1, *)
        switch planned.turn {
        case .tapsFirst:
            let taps = planned.dimensions[0], width = planned.dimensions[1]
            for index in 0..<count { numbers[index] = stored[index % taps * width + index / taps] }
        case .none, .transposeEach:
            numbers.update(from: stored, count: count)
        }
    }
}
