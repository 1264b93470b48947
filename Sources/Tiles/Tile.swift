/// The geometry of a tile: the unit in which matrices lie in a model file and in which kernels read them
/// (`formats/rgq.md`, "Tiles").
///
/// A tile holds 16 outputs (rows) × 64 inputs (columns), which are two quantization blocks.
/// All inlinable, so that kernels in other modules see constants.
public enum Tile {
    /// Outputs in a tile.
    @inlinable public static var rows: Int { 16 }
    /// Inputs in a tile.
    @inlinable public static var columns: Int { 64 }
    /// Weights that share a scale, along the input dimension.
    @inlinable public static var block: Int { 32 }
    /// Blocks a row in a tile.
    @inlinable public static var blocks: Int { columns / block }
    /// Weights in a tile.
    @inlinable public static var weights: Int { rows * columns }
    /// Bytes of the f16 scales at the head of a q8 or q4 tile: block 0 of rows 0…15, then block 1.
    @inlinable public static var scaleBytes: Int { rows * blocks * 2 }
}
