import KernelTypes
import Kernels
import Tiles

extension ForwardPass {
    /// After the final norm the embedding serves as the head; then the soft cap.
    ///
    /// Logits of all runs are computed together, some rows at a time in ``Workspace/scratch``, and go from there to where each of
    /// them is wanted.
    func writeLogits(_ chunk: Chunk, _ member: TeamMember) {
        guard chunk.wantedCount > 0, chunk.headRowTiles?.isEmpty != true else { return }
        let end = configuration.layerCount
        normalize(
            chunk, onlyWanted: true, from: stream(before: end), weight: weights.finalNorm, as: Place(.finalNorm, layer: end),
            for: SharedInput(weights.embedding), member)
        let rowTilesAtOnce = Workspace.headRowTiles(tokens: chunk.wantedCount)
        let product = product(
            weights.embedding, of: workspace.normed, stride: configuration.width, tokens: chunk.wantedCount, bias: nil,
            to: workspace.scratch(member.index), stride: rowTilesAtOnce * Tile.rows)
        observer?.willMultiply(product, member)
        if wantsWholeHead(chunk) {
            shareRowTiles(of: product, member) { product, rowTiles in
                for first in stride(from: rowTiles.lowerBound, to: rowTiles.upperBound, by: rowTilesAtOnce) {
                    writeLogits(product, first..<min(first + rowTilesAtOnce, rowTiles.upperBound), chunk, member)
                }
            }
        } else {
            writeFewLogits(product, chunk, member)
        }
    }

    /// True if a pass computes the head row by row of the matrix, whatever is wanted of it: it is read in order, ahead of its use.
    func wantsWholeHead(_ chunk: Chunk) -> Bool {
        guard chunk.wantedCount > 0, !chunk.isHeadOnly || stream == nil else { return false }
        guard let few = chunk.headRowTiles else { return true }
        // One by one, rows come more slowly; from the disk very much so.
        return few.count * (stream == nil ? 4 : 64) > weights.embedding.rowTileCount
    }

    /// Those of the rows of tiles that are wanted, one by one; of a token that has been through the layers, of all.
    private func writeFewLogits(_ product: MatrixProduct, _ chunk: Chunk, _ member: TeamMember) {
        let few = chunk.headRowTiles, matrix = product.matrix
        member.share(few?.count ?? matrix.rowTileCount, atLeast: matrix.rowTilesAtLeast(tokens: product.tokens)) { range in
            for index in range {
                let rowTile = few.map { Int($0[index]) } ?? index
                var product = product
                if let stream {
                    product.matrix = stream.embedding(matrix, token: rowTile * Tile.rows, member: member.index)
                }
                writeLogits(product, rowTile..<rowTile + 1, chunk, member)
            }
        }
    }

    /// Those of some rows of tiles.
    private func writeLogits(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ chunk: Chunk, _ member: TeamMember) {
        guard let part = product.matrix.part(rowTiles) else { return }
        var product = product
        product.matrix = part
        kernels.multiply(product, 0..<rowTiles.count, workspace.unpacked(member.index))
        for index in 0..<chunk.wantedCount {
            let values = product.output + index * product.outputStride
            // The soft cap would make 30 of infinity.
            if !kernels.areFinite(values, part.shape.rows) {
                noteFaults(values, rowTiles, part.shape.rows, token: index, chunk, member)
            }
            kernels.softCap(values, part.shape.rows, configuration.logitsSoftCap)
            (chunk.logits(index) + rowTiles.lowerBound * Tile.rows).update(from: values, count: part.shape.rows)
        }
    }

    /// Notes that logits are not finite, if the token's run wants some of their rows of tiles: others may want what it doesn't.
    private func noteFaults(
        _ values: UnsafePointer<Float>, _ rowTiles: Range<Int>, _ rows: Int, token index: Int, _ chunk: Chunk, _ member: TeamMember
    ) {
        let run = chunk.isHeadOnly ? 0 : chunk.run(of: chunk.wantedToken(index))
        for rowTile in rowTiles where chunk.isHeadOnly || chunk.runs[run].wants(rowTile: rowTile) {
            let first = (rowTile - rowTiles.lowerBound) * Tile.rows
            expect(
                kernels.areFinite(values + first, min(Tile.rows, rows - first)), Place(.head, layer: configuration.layerCount),
                run: run, member)
        }
    }

    /// Keeps what comes out of the layers for those runs that may want logits of it later.
    func keepStreams(_ chunk: Chunk, _ member: TeamMember) {
        guard chunk.runs.contains(where: { $0.streams != nil }) else { return }
        let width = configuration.width
        member.share(chunk.count) { tokens in
            chunk.forEachRun(in: tokens) { number, tokens in
                guard let streams = chunk.runs[number].streams else { return }
                let first = tokens.lowerBound - chunk.tokens(ofRun: number).lowerBound
                (streams + first * width).update(
                    from: workspace.residual + tokens.lowerBound * width, count: tokens.count * width)
            }
        }
    }
}

extension TiledMatrix {
    /// Some rows of tiles of a matrix that is no stack, as a matrix.
    fileprivate func part(_ rowTiles: Range<Int>) -> TiledMatrix? {
        let first = rowTiles.lowerBound * Tile.rows
        let rows = min(shape.rows, rowTiles.upperBound * Tile.rows) - first
        return MatrixShape(rows: rows, columns: shape.columns).map {
            TiledMatrix(
                tiles: tiles + rowTiles.lowerBound * shape.columnTiles * type.bytesPerTile, shape: $0, type: type, number: number)
        }
    }

    /// Rows of tiles that are worth handing out for a product with `tokens` tokens.
    fileprivate func rowTilesAtLeast(tokens: Int) -> Int { max(1, 64 / max(1, shape.columnTiles * tokens)) }
}
