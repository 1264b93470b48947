import Tiles

/// A group of a panel's inputs, with what is known of how they go together: what ``CodecSet/encodeWithFeedback`` works on.
///
/// H are the inputs' second moments, and M and D those of H = (M + I) D (M + I)ᵀ, D diagonal and M strictly upper triangular.
/// Matrices lie in strips of ``Tile/block`` columns: [columns / block, columns, block].
public struct FeedbackGroup {
    /// The panel from the group's first input on. [``columns``, ``Tile/rows``]
    public let weights: UnsafeMutablePointer<Float>
    /// Inputs: whole tiles.
    public let columns: Int
    /// H.
    public let moments: UnsafePointer<Float>
    /// 1 / H_kk. [``columns``]
    public let inverses: UnsafePointer<Float>
    /// M.
    public let feedback: UnsafePointer<Float>
    /// D. [``columns``]
    public let importance: UnsafePointer<Float>
    /// Memory to work in, of ``memoryCount(columns:)`` floats, aligned to 64 bytes.
    public let memory: UnsafeMutablePointer<Float>

    /// A group of these.
    public init(
        weights: UnsafeMutablePointer<Float>, columns: Int, moments: UnsafePointer<Float>, inverses: UnsafePointer<Float>,
        feedback: UnsafePointer<Float>, importance: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>
    ) {
        self.weights = weights
        self.columns = columns
        self.moments = moments
        self.inverses = inverses
        self.feedback = feedback
        self.importance = importance
        self.memory = memory
    }

    /// Floats that a group of so many inputs needs to work in.
    public static func memoryCount(columns: Int) -> Int { Tile.rows * (memoryCountPerRow(columns: columns) + Tile.block) }

    /// Those that belong to one row: errors and codes, two sums for each input of the current block, and the blocks' scales. The
    /// others are the current block's moved weights.
    @inlinable public static func memoryCountPerRow(columns: Int) -> Int {
        2 * columns + 2 * Tile.block + columns / Tile.block
    }
}
