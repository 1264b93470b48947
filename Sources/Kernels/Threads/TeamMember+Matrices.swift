import KernelTypes

extension TeamMember {
    /// Shares out the rows of tiles of a matrix, for a product with `tokens` tokens. See ``share(_:atLeast:_:)``.
    @inline(__always)
    public func share(_ matrix: TiledMatrix, tokens: Int, _ body: (Range<Int>) -> Void) {
        share(rowTiles: matrix.rowTileCount, like: matrix, tokens: tokens, body)
    }

    /// Shares out `count` rows of tiles as wide as those of `matrix`, as many at a time as the widest kernels take.
    @inline(__always)
    public func share(rowTiles count: Int, like matrix: TiledMatrix, tokens: Int, _ body: (Range<Int>) -> Void) {
        let atOnce = TiledMatrix.rowTilesAtOnce
        share((count + atOnce - 1) / atOnce, atLeast: matrix.stripsAtLeast(tokens: tokens)) { strips in
            body(atOnce * strips.lowerBound..<min(count, atOnce * strips.upperBound))
        }
    }
}

extension TiledMatrix {
    /// Rows of tiles that are handed out together: two for AVX-512, whose cores are all alike. With ARM's kernels one is as fast, and
    /// the slow cores that such processors may have end the sooner.
    #if arch(arm64)
    static let rowTilesAtOnce = 1
    #else
    static let rowTilesAtOnce = 2
    #endif

    /// How many times so many rows of tiles are worth handing out for a product with `tokens` tokens: some microseconds of work.
    func stripsAtLeast(tokens: Int) -> Int {
        let tilesWorthIt = 64
        return max(1, tilesWorthIt / (TiledMatrix.rowTilesAtOnce * max(1, shape.columnTiles * tokens)))
    }
}
