import KernelTypes
import Kernels
import Tiles

extension ForwardPass {
    /// After the final norm the embedding serves as the head; then the soft cap.
    ///
    /// Logits of all runs are computed together, some rows at a time in ``Workspace/scratch``, and go from there to where each of
    /// them is wanted.
    func writeLogits(_ chunk: Chunk, _ member: TeamMember) {
        guard chunk.wantedCount > 0 else { return }
        let end = configuration.layerCount
        normalize(
            chunk, onlyWanted: true, from: stream(before: end), weight: weights.finalNorm, as: Place(.finalNorm, layer: end),
            for: SharedInput(weights.embedding), member)
        let rowTilesAtOnce = Workspace.headRowTiles(tokens: chunk.wantedCount)
        let product = product(
            weights.embedding, of: workspace.normed, stride: configuration.width, tokens: chunk.wantedCount, bias: nil,
            to: workspace.scratch(member.index), stride: rowTilesAtOnce * Tile.rows)
        observer?.willMultiply(product, member)
        shareRowTiles(of: product, member) { product, rowTiles in
            for first in stride(from: rowTiles.lowerBound, to: rowTiles.upperBound, by: rowTilesAtOnce) {
                writeLogits(product, first..<min(first + rowTilesAtOnce, rowTiles.upperBound), chunk, member)
            }
        }
    }

    /// Those of some rows of tiles.
    private func writeLogits(_ product: MatrixProduct, _ rowTiles: Range<Int>, _ chunk: Chunk, _ member: TeamMember) {
        guard let part = product.matrix.part(rowTiles) else { return }
        var product = product
        product.matrix = part
        kernels.multiply(product, 0..<rowTiles.count)
        for index in 0..<chunk.wantedCount {
            let values = product.output + index * product.outputStride
            // The soft cap would make 30 of infinity.
            expect(
                kernels.areFinite(values, part.shape.rows), Place(.head, layer: configuration.layerCount),
                run: chunk.run(of: chunk.wantedToken(index)), member)
            kernels.softCap(values, part.shape.rows, configuration.logitsSoftCap)
            (chunk.logits(index) + rowTiles.lowerBound * Tile.rows).update(from: values, count: part.shape.rows)
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
}
