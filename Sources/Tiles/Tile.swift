/// The geometry of a tile: the unit in which matrices lie in a model file and in which kernels read them
/// (`formats/rgq.md`, "Tiles").
///
/// A tile holds 16 outputs (rows) × 64 inputs (columns), which are two quantization blocks.
public enum Tile {
    /// Outputs in a tile.
    public static let rows = 16
    /// Inputs in a tile.
    public static let columns = 64
    /// Weights that share a scale, along the input dimension.
    public static let block = 32
    /// Blocks a row in a tile.
    public static let blocks = columns / block
    /// Weights in a tile.
    public static let weights = rows * columns
    /// Bytes of the f16 scales at the head of a q8 or q4 tile: block 0 of rows 0…15, then block 1.
    public static let scaleBytes = rows * blocks * 2
}
