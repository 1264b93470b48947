/// The operands of local multi-query attention (Griffin, arXiv:2402.19427, section 2.3) for the tokens of a chunk.
///
/// A token at position p sees the positions in p - window + 1…p. Those before the chunk lie in a ring, position k in slot
/// k mod window; those of the chunk lie in order. The chunk's keys and values are not yet in the ring. Here a chunk is of one
/// session.
public struct LocalAttention {
    /// [tokens × queryStride]: rotated, and multiplied by dimension^-0.5; heads one after the other.
    public var queries: UnsafePointer<Float>
    /// Floats from one token to the next.
    public var queryStride: Int
    /// [tokens × outputStride]: as the queries. May be the queries themselves.
    public var output: UnsafeMutablePointer<Float>
    /// Floats from one token to the next.
    public var outputStride: Int
    /// Heads of the queries, which share the keys and values.
    public var heads: Int
    /// Width of a head.
    public var dimension: Int
    /// Positions that a token sees, itself included; slots of the ring.
    public var window: Int
    /// Position of the chunk's first token.
    public var position: Int64
    /// What keys and values are stored as.
    public var element: CacheElement
    /// [window × dimension]: rotated keys of the positions before the chunk.
    public var ringKeys: CachedVectors
    /// [window × dimension]
    public var ringValues: CachedVectors
    /// [tokens × dimension]: rotated keys of the chunk.
    public var chunkKeys: CachedVectors
    /// [tokens × dimension]
    public var chunkValues: CachedVectors

    /// The operands, as above.
    public init(
        queries: UnsafePointer<Float>, queryStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
        heads: Int, dimension: Int, window: Int, position: Int64, element: CacheElement, ringKeys: CachedVectors,
        ringValues: CachedVectors, chunkKeys: CachedVectors, chunkValues: CachedVectors
    ) {
        self.queries = queries
        self.queryStride = queryStride
        self.output = output
        self.outputStride = outputStride
        self.heads = heads
        self.dimension = dimension
        self.window = window
        self.position = position
        self.element = element
        self.ringKeys = ringKeys
        self.ringValues = ringValues
        self.chunkKeys = chunkKeys
        self.chunkValues = chunkValues
    }

    /// The first position that a token of the chunk sees.
    public func firstKey(ofToken token: Int) -> Int64 { max(0, position + Int64(token - window + 1)) }

    /// Positions that a token of the chunk sees.
    public func keyCount(ofToken token: Int) -> Int { Int(position + Int64(token) - firstKey(ofToken: token)) + 1 }
}
