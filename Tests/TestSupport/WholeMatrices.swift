import Quantization
import Tiles

// For matrices that are in memory whole.

extension TileEncoder {
    /// The tiles of a stack of matrices, from its weights [count, rows, columns] row-major. Throws as ``encode(_:into:)``; the row
    /// is counted over the stack.
    public func encode(_ weights: [Float], shape: MatrixShape) throws(QuantizationError) -> [UInt8] {
        precondition(weights.count == shape.weightCount, "as many weights as the shape has")
        let panel = Panel(columns: shape.columns)
        let rowTileBytes = shape.columnTiles * type.bytesPerTile
        let tiles = UnsafeMutableRawPointer.allocate(byteCount: shape.byteCount(type), alignment: 64)
        defer { tiles.deallocate() }
        for index in 0..<shape.count * shape.rowTiles {
            let rows = shape.rows(ofRowTile: index)
            weights.withUnsafeBufferPointer { weights in
                guard let weights = weights.baseAddress else { return }
                panel.load(rows: weights + rows.lowerBound * shape.columns, stride: shape.columns, count: rows.count)
            }
            do throws(QuantizationError) {
                _ = try encode(panel, into: tiles + index * rowTileBytes)
            } catch {
                throw QuantizationError(row: rows.lowerBound + error.row, column: error.column, value: error.value)
            }
        }
        return Array(UnsafeRawBufferPointer(start: tiles, count: shape.byteCount(type)))
    }
}

extension TileDecoder {
    /// The weights [count, rows, columns] of a stack of matrices, row-major, from its tiles.
    public func decode(_ tiles: UnsafeRawPointer, shape: MatrixShape) -> [Float] {
        let panel = Panel(columns: shape.columns)
        let rowTileBytes = shape.columnTiles * type.bytesPerTile
        return [Float](unsafeUninitializedCapacity: shape.weightCount) { weights, count in
            guard let weights = weights.baseAddress else { return }
            for index in 0..<shape.count * shape.rowTiles {
                let rows = shape.rows(ofRowTile: index)
                decode(tiles + index * rowTileBytes, into: panel)
                panel.store(rows: weights + rows.lowerBound * shape.columns, stride: shape.columns, count: rows.count)
            }
            count = shape.weightCount
        }
    }
}
