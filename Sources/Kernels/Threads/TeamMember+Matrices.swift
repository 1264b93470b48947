import KernelTypes

extension TeamMember {
    /// Shares out the rows of tiles of a matrix, for a product with `tokens` tokens. See ``share(_:atLeast:_:)``.
    @inline(__always)
    public func share(_ matrix: TiledMatrix, tokens: Int, _ body: (Range<Int>) -> Void) {
        share(rowTiles: matrix.rowTileCount, like: matrix, tokens: tokens, body)
    }

    /// Shares out `count` rows of tiles as wide as those of `matrix`, in pairs: the widest kernels take two at once.
    @inline(__always)
    public func share(rowTiles count: Int, like matrix: TiledMatrix, tokens: Int, _ body: (Range<Int>) -> Void) {
        share((count + 1) / 2, atLeast: matrix.rowTilePairsAtLeast(tokens: tokens)) { pairs in
            body(2 * pairs.lowerBound..<min(count, 2 * pairs.upperBound))
        }
    }
}

extension TiledMatrix {
    /// Pairs of rows of tiles that are worth handing out for a product with `tokens` tokens: some microseconds of work.
    func rowTilePairsAtLeast(tokens: Int) -> Int {
        let tilesWorthIt = 64
        return max(1, tilesWorthIt / (2 * max(1, shape.columnTiles * tokens)))
    }
}
