/// The attention of one token, for up to 16 heads, as threads compute it together: in three steps, of which each begins when the one
/// before it is done.
///
/// Heads are not divided among the threads, since each thread would then read and widen all keys and values.
public struct SharedAttention {
    /// What is divided.
    public enum Step: CaseIterable, Sendable {
        /// Scores, by keys.
        case scores
        /// Their exponentials, by keys.
        case weights
        /// Mixed values, by elements of a head.
        case output
    }

    /// The most heads that one may be of: those that kernels take side by side.
    public static let headLimit = 16
    /// Keys in a part of a step.
    public static let keysPerPart = 16
    /// Elements of the output in a part of the last step.
    private static let elementsPerPart = 8

    /// Those of the token's chunk.
    public var operands: LocalAttention
    /// The number of the token in the chunk.
    public var token: Int
    /// Up to 16 heads.
    public var heads: Range<Int>
    /// `KernelSet.scratchCount` floats, in which the threads find each other's scores. It may be one of them's own scratch.
    public var scratch: UnsafeMutablePointer<Float>

    /// The attention of a token, as above.
    public init(_ operands: LocalAttention, token: Int, heads: Range<Int>, scratch: UnsafeMutablePointer<Float>) {
        self.operands = operands
        self.token = token
        self.heads = heads
        self.scratch = scratch
    }

    /// Keys that the token sees.
    public var keyCount: Int { operands.keyCount(ofToken: token) }

    /// Parts of a step of an attention to `keys` keys, for heads of `dimension` elements.
    public static func parts(of step: Step, keys: Int, dimension: Int) -> Int {
        step == .output ? (dimension + elementsPerPart - 1) / elementsPerPart : (keys + keysPerPart - 1) / keysPerPart
    }

    /// The keys, counted from the first that the token sees, or the elements of a head, that some parts of a step consist of. Parts
    /// may lie past the last key; they are empty.
    public func elements(of step: Step, _ parts: Range<Int>) -> Range<Int> {
        let (size, count) = step == .output ? (Self.elementsPerPart, operands.dimension) : (Self.keysPerPart, keyCount)
        return min(count, parts.lowerBound * size)..<min(count, parts.upperBound * size)
    }
}
