import Quantization
import TestSupport
import Testing
import Tiles

/// Shapes with and without padding on both sides, and stacks.
let shapes = [(1, 1, 1), (1, 16, 64), (1, 17, 65), (1, 3, 130), (1, 40, 63), (3, 20, 100), (2, 16, 32)].map {
    MatrixShape(count: $0.0, rows: $0.1, columns: $0.2)!
}

@Suite struct TileLayoutTests {
    @Test(arguments: WeightType.allCases, shapes)
    func tilesReadAsTheDocumentSays(type: WeightType, shape: MatrixShape) throws {
        var random = RandomSource(seed: 1)
        let weights = random.normalFloats(shape.weightCount)
        let tiles = try TileEncoder(type).encode(weights, shape: shape)
        #expect(tiles.count == shape.byteCount(type))
        let decoded = tiles.withUnsafeBytes { TileDecoder(type).decode($0.baseAddress!, shape: shape) }

        // Half a code of a block of normally distributed numbers; in q4 with room for a scale that clips the largest.
        let tolerance: Float =
            switch type {
            case .f32: 0
            case .f16: 0x1p-9
            case .q8: 0.025
            case .q4: 0.6
            }
        for index in 0..<shape.weightCount {
            let column = index % shape.columns, row = index / shape.columns % shape.rows
            let matrix = index / shape.columns / shape.rows
            let expected = TileDocument.weight(tiles, type, shape, matrix: matrix, row: row, column: column)
            #expect(decoded[index] == expected)
            #expect(abs(expected - weights[index]) <= tolerance)
        }
    }

    @Test(arguments: WeightType.allCases)
    func paddingIsZero(type: WeightType) throws {
        let shape = MatrixShape(count: 2, rows: 3, columns: 70)!
        let tiles = try TileEncoder(type).encode([Float](repeating: -1.5, count: shape.weightCount), shape: shape)
        for matrix in 0..<2 {
            for row in 0..<16 {
                for column in 0..<128 where row >= 3 || column >= 70 {
                    #expect(TileDocument.weight(tiles, type, shape, matrix: matrix, row: row, column: column) == 0)
                }
            }
        }
        if type.isBlockQuantized {
            #expect(TileDocument.scale(tiles, type, shape, row: 3, block: 0) == 0, "a row of padding has scales of 0")
            #expect(TileDocument.scale(tiles, type, shape, row: 0, block: 3) == 0, "a block of padding has scales of 0")
        }
    }

    @Test func paddingOfQ4HasCode8() throws {
        let tiles = try TileEncoder(.q4).encode([0], shape: MatrixShape(rows: 1, columns: 1)!)
        #expect(tiles == [UInt8](repeating: 0, count: 64) + [UInt8](repeating: 0x88, count: 512))
    }

    @Test func aTurnedMatrixGivesTheSameTiles() throws {
        var random = RandomSource(seed: 2)
        let weights = random.normalFloats(21 * 75)
        let turned = (0..<75).flatMap { column in (0..<21).map { weights[$0 * 75 + column] } }
        let straight = Panel(columns: 75), other = Panel(columns: 75)
        for (first, count) in [(0, 16), (16, 5)] {
            weights.withUnsafeBufferPointer { straight.load(rows: $0.baseAddress! + first * 75, stride: 75, count: count) }
            turned.withUnsafeBufferPointer { other.load(transposedRows: $0.baseAddress! + first, stride: 21, count: count) }
            #expect(try encode(straight, .q8) == encode(other, .q8))
        }
    }

    @Test func aPanelKeepsNothingOfFormerRows() throws {
        let rows = [Float](repeating: 3, count: 16 * 64)
        let used = Panel(columns: 64), fresh = Panel(columns: 64)
        rows.withUnsafeBufferPointer {
            used.load(rows: $0.baseAddress!, stride: 64, count: 16)
            used.load(rows: $0.baseAddress!, stride: 64, count: 5)
            fresh.load(rows: $0.baseAddress!, stride: 64, count: 5)
        }
        #expect(try encode(used, .f32) == encode(fresh, .f32))
        rows.withUnsafeBufferPointer {
            used.load(rows: $0.baseAddress!, stride: 64, count: 16)
            used.load(transposedRows: $0.baseAddress!, stride: 16, count: 5)
        }
        #expect(try encode(used, .f32) == encode(fresh, .f32))
    }
}

/// The tiles of a panel.
func encode(_ panel: Panel, _ type: WeightType) throws -> [UInt8] {
    let count = panel.columnTiles * type.bytesPerTile
    let tiles = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
    defer { tiles.deallocate() }
    _ = try TileEncoder(type).encode(panel, into: tiles)
    return Array(UnsafeRawBufferPointer(start: tiles, count: count))
}
