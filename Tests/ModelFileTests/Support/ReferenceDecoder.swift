import ModelFile
import Tiles

/// A tensor's weights, one at a time by the formulas of `formats/rgq.md`: slow, plain, and independent of the kernels.
struct ReferenceDecoder {
    let tensor: TensorEntry
    let bytes: [UInt8]

    /// Row-major, without the padding.
    func weights() -> [Float] {
        guard tensor.isTiled else { return (0..<bytes.count / 4).map { float(4 * $0) } }
        let stacked = tensor.dimensions.count == 3
        let (count, rows, columns) =
            (stacked ? tensor.dimensions[0] : 1, tensor.dimensions[stacked ? 1 : 0], tensor.dimensions[stacked ? 2 : 1])
        let (tilesDown, tilesAcross) = ((rows + 15) / 16, (columns + 63) / 64)
        var weights: [Float] = []
        for matrix in 0..<count {
            for row in 0..<rows {
                for column in 0..<columns {
                    let tile = (matrix * tilesDown + row / 16) * tilesAcross + column / 64
                    weights.append(weight(inTile: tile, row % 16, column % 64))
                }
            }
        }
        return weights
    }

    /// The weight of row `r` and input `c` of a tile.
    private func weight(inTile tile: Int, _ r: Int, _ c: Int) -> Float {
        switch tensor.type {
        case .f32: return float(4096 * tile + 4 * (16 * c + r))
        case .f16: return half(2048 * tile + 2 * (16 * c + r))
        case .q8:
            let start = 1088 * tile
            return half(start + 2 * (16 * (c / 32) + r)) * Float(Int8(bitPattern: bytes[start + 64 + 64 * (c / 4) + 4 * r + c % 4]))
        case .q4:
            let start = 576 * tile
            let (b, i) = (c / 32, c % 32)
            let pair = bytes[start + 64 + 64 * (i / 4) + 4 * r + i % 4]
            return half(start + 2 * (16 * b + r)) * Float(Int(b == 0 ? pair & 15 : pair >> 4) - 8)
        }
    }

    private func float(_ offset: Int) -> Float {
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) })
    }

    private func half(_ offset: Int) -> Float {
        Float(Float16(bitPattern: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8))
    }
}
