import Conversion
import Griffin
import ModelFile
import Quantization
import RGEdge
import Text
import Tiles

/// The smallest model that has all kinds of parts, with a chat template, and the checkpoint that it would be made of.
enum SmallModel {
    static let configuration = Configuration(
        vocabularySize: 320, width: 64, layerCount: 2, headCount: 2, headDimension: 32, recurrentWidth: 64, mlpWidth: 64,
        window: 6, blockPattern: [.recurrent, .attention], endOfTurn: (try? Tokenizer(model: tokenizer))?.endOfTurn)
    static let tokenizer = fixture("Tests/Fixtures/oracle/beta/tokenizer.model")
    static let template = "<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n"

    /// The model file, in q8.
    static let path: String = {
        let path = ScratchFolder.file("small.rgq")
        do {
            try write(to: path)
        } catch {
            fatalError("the small model can't be made: \(error)")
        }
        return path
    }()

    static let model: Model = {
        do {
            return try Model(path: path, options: Model.Options(threads: 1))
        } catch {
            fatalError("the small model can't be opened: \(error)")
        }
    }()

    /// A folder with the checkpoint, as `rg-quant export` writes it.
    static let checkpoint: String = {
        let folder = ScratchFolder.folder("checkpoint")
        do {
            try Export(model: path, type: .f32, threads: 1).write(to: folder)
        } catch {
            fatalError("the small model can't be exported: \(error)")
        }
        return folder
    }()

    private static func write(to path: String) throws {
        let plan = configuration.tensorPlan
        let writer = try ModelFileWriter(
            target: path,
            tensors: plan.map {
                TensorDescription(name: $0.name, type: $0.isTiled ? .q8 : .f32, dimensions: $0.dimensions, isTiled: $0.isTiled)
            },
            metadata: Metadata(configuration: configuration.serialized(), tokenizer: tokenizer, chatTemplate: template))
        var number = 0
        for planned in plan {
            // Harmless numbers, no two neighbours the same.
            let weights = (0..<planned.dimensions.reduce(1, *)).map { _ in
                number += 1
                return Float(number * 37 % 101 - 50) / 200
            }
            if let shape = planned.matrixShape {
                try append(weights, shape: shape, to: writer)
            } else {
                try weights.withUnsafeBytes { try writer.append($0) }
            }
        }
        try writer.finish()
    }

    /// Writes the tiles of a stack of matrices.
    private static func append(_ weights: [Float], shape: MatrixShape, to writer: ModelFileWriter) throws {
        let encoder = TileEncoder(.q8), panel = Panel(columns: shape.columns)
        let tiles = UnsafeMutableRawBufferPointer.allocate(
            byteCount: shape.columnTiles * encoder.type.bytesPerTile, alignment: 64)
        defer { tiles.deallocate() }
        for index in 0..<shape.count * shape.rowTiles {
            let rows = shape.rows(ofRowTile: index)
            weights.withUnsafeBufferPointer { weights in
                panel.load(
                    rows: weights.baseAddress! + rows.lowerBound * shape.columns, stride: shape.columns, count: rows.count)
            }
            _ = try encoder.encode(panel, into: tiles.baseAddress!)
            try writer.append(UnsafeRawBufferPointer(tiles))
        }
    }
}
