import KernelTypes

extension TeamMember {
    /// Shares out the rows of tiles of a matrix, for a product with so many tokens. See ``share(_:atLeast:_:)``.
    @inline(__always)
    public func share(_ matrix: TiledMatrix, tokens: Int, _ body: (Range<Int>) -> Void) {
        share(matrix.rowTileCount, atLeast: matrix.rowTilesAtLeast(tokens: tokens), body)
    }
}

extension TiledMatrix {
    /// Rows of tiles that are worth handing out for a product with so many tokens: some microseconds of work.
    public func rowTilesAtLeast(tokens: Int) -> Int {
        let tilesWorthIt = 64
        return max(1, tilesWorthIt / max(1, shape.columnTiles * tokens))
    }
}
