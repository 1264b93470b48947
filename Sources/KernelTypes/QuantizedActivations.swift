import Tiles

/// Activations as the integer kernels read them: signed bytes with one f32 scale per block of ``Tile/block``.
///
/// For some types of matrices several consecutive blocks, counted from a matrix's first block on, have the same scale, so that
/// kernels multiply by it only once (``WeightType/Properties/blocksPerActivationScale``).
///
/// The input of a stack of matrices is one vector per matrix, one after the other. Each is padded with zero codes to whole tiles,
/// so that a token's codes are `count` × `paddedColumns` bytes.
///
/// An activation is `scale × code`, rounded to the nearest code, ties to even. Codes are -127…127; the scale is max|x| / 127 of the
/// blocks that share it. If that would be below the smallest normal f32, scale and codes are 0. NaN becomes 0, and an infinity
/// counts as the largest finite number (`KernelSet.quantize` tells if there were any).
///
/// Does not own its memory.
public struct QuantizedActivations: @unchecked Sendable {
    /// [tokens × count × paddedColumns], 64-byte aligned.
    public let codes: UnsafeMutablePointer<Int8>
    /// [tokens × count × blocks]
    public let scales: UnsafeMutablePointer<Float>
    /// [tokens × count × blocks]: the sum of a block's codes, which corrects for codes that instructions take as unsigned.
    public let sums: UnsafeMutablePointer<Int32>

    /// Activations in memory of these sizes, which outlives them.
    public init(codes: UnsafeMutablePointer<Int8>, scales: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Int32>) {
        self.codes = codes
        self.scales = scales
        self.sums = sums
    }

    /// The same memory from a block on; the caller makes sure that the block exists.
    public func from(block: Int) -> QuantizedActivations {
        QuantizedActivations(codes: codes + block * Tile.block, scales: scales + block, sums: sums + block)
    }

    /// The most blocks that share a scale, for any type. A literal, since threads that compute should find no lazy constant.
    @inlinable public static var widestScale: Int { 4 }

    /// Codes of one token.
    public static func codeCount(_ shape: MatrixShape) -> Int { shape.count * shape.columnTiles * Tile.columns }
    /// Scales, and sums, of one token.
    public static func blockCount(_ shape: MatrixShape) -> Int { shape.count * shape.columnTiles * Tile.blocks }
}
