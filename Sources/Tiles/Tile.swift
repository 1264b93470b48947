/// The geometry of a tile: the unit in which matrices lie in a model file and in which kernels read them (`formats/rgq.md`,
/// "Tiles"). ``TileLayout`` says where its numbers lie.
///
/// A tile holds 16 outputs (rows) × 64 inputs (columns), which are two blocks per row. All inlinable, so that kernels in other
/// modules see constants.
public enum Tile {
    /// Outputs in a tile.
    @inlinable public static var rows: Int { 16 }
    /// Inputs in a tile.
    @inlinable public static var columns: Int { 64 }
    /// Weights that share a scale, along the input dimension.
    @inlinable public static var block: Int { 32 }
    /// Blocks per row of a tile.
    @inlinable public static var blocks: Int { columns / block }
    /// Weights in a tile.
    @inlinable public static var weights: Int { rows * columns }
    /// Consecutive inputs whose codes lie together: what an integer kernel multiplies in one step.
    @inlinable public static var step: Int { 4 }
    /// Steps per block.
    @inlinable public static var steps: Int { block / step }
}
