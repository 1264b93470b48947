import KernelTypes
import Kernels
import Tiles

/// Finds q4 codes whose errors make up for each other in what the matrix computes, on one thread.
///
/// The search for scales alone (``TileEncoder``) keeps each weight's error small. But inputs go together, so an error in one weight
/// can be undone in others. What is made small here is eᵀ H e, e being a row's errors in a group of inputs and H the inputs'
/// moments (``InputCovariance``):
///
/// 1. Block by block, the weights are moved by the errors of those before them, the block's scale is searched for what they are
///    then, and weight by weight the nearest code is taken and its error handed on (GPTQ, arXiv:2210.17323, in the form of LDLQ,
///    arXiv:2307.13304: errors are those of the original weights, so that H is factorized and never inverted).
/// 2. Twice, block by block: the scale, then each code in turn, is set to the best value while all others stay. Neither raises eᵀ H
///    e, except by rounding.
///
/// Rows are lanes: each row's sums are the same sequence of single operations in f32 on all machines.
public final class ErrorFeedback {
    private let codecs: CodecSet
    private let memory: UnsafeMutablePointer<Float>

    /// Memory for groups of any size.
    public init(codecs: CodecSet = Codecs.best) {
        self.codecs = codecs
        let count = FeedbackGroup.memoryCount(columns: InputCovariance.group)
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 64)
        memory = bytes.initializeMemory(as: Float.self, repeating: 0, count: count)
    }

    deinit { memory.deallocate() }

    /// Writes the q4 tiles of a panel, and returns how far they are from it: further, weight by weight, than the tiles of
    /// ``TileEncoder/encode(_:into:)``, while results computed with them are nearer.
    ///
    /// `covariances` are those of all its inputs, group by group. `tiles` has room for ``Panel/columnTiles`` tiles and is 4-byte
    /// aligned. Throws for a weight from 8 · 65,520 on.
    public func encode(
        _ panel: Panel, _ covariances: some Collection<InputCovariance>, into tiles: UnsafeMutableRawPointer
    ) throws(QuantizationError) -> ErrorFigures {
        precondition(covariances.reduce(0) { $0 + $1.columns } == panel.paddedColumns, "covariances of all inputs")
        var figures = ErrorFigures()
        var firstTile = 0
        for covariance in covariances {
            let group = covariance.group(of: panel.values + firstTile * Tile.weights, memory: memory)
            let count = covariance.columns / Tile.columns
            let inRange = withExtendedLifetime(covariance) {
                codecs.encodeWithFeedback(group, tiles + firstTile * WeightType.q4.bytesPerTile, &figures)
            }
            guard inRange == count else { throw QuantizationError(largestOf: panel, tile: firstTile + inRange) }
            firstTile += count
        }
        return figures
    }
}
