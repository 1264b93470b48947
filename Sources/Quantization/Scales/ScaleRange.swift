import CSIMD
import Tiles

extension TileDecoder {
    /// The smallest and the largest magnitude of the scales of a stack of matrices, without scales that are 0; nil if there are no
    /// others, and for types without scales.
    public func scaleRange(_ tiles: UnsafeRawPointer, shape: MatrixShape) -> ClosedRange<Float>? {
        // Magnitudes of halves are ordered like their bits.
        var smallest = UInt16.max
        var largest: UInt16 = 0
        for tile in 0..<shape.tileCount {
            for index in 0..<type.layout.scaleBytes / 2 {
                let magnitude = tiles.load(fromByteOffset: tile * type.bytesPerTile + 2 * index, as: UInt16.self) & 0x7FFF
                largest = max(largest, magnitude)
                smallest = magnitude == 0 ? smallest : min(smallest, magnitude)
            }
        }
        return largest == 0 ? nil : number(smallest)...number(largest)
    }

    private func number(_ half: UInt16) -> Float { csimd_f16_to_f32_finite(half) }
}
